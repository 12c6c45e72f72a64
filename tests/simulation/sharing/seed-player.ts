import { describeFailure, shortenedLater } from "../../../packages/testkit/src/simulation/index.ts";
import { answerSeeds, seedsOf } from "../play-seeds.ts";
import { playSharing } from "./play-sharing.ts";
import { planSharing } from "./topology.ts";

answerSeeds(async (share) => {
  let [rows, takeovers, revisions, failure] = [0, 0, 0, ""];
  for (const seed of seedsOf(share)) {
    const plan = planSharing(seed);
    const run = await playSharing(plan);
    rows += run.rows;
    takeovers += run.takeovers;
    revisions += run.revisions;
    if (run.broken === undefined) continue;
    failure = describeFailure(await shortenedLater(plan, async (fewer) => (await playSharing(fewer)).broken));
    break;
  }
  return { rows, takeovers, revisions, failure };
});

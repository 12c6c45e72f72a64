import { parentPort, workerData } from "node:worker_threads";
import { describeFailure, shortenedLater } from "../../../packages/testkit/src/simulation/index.ts";
import { playSharing } from "./play-sharing.ts";
import { planSharing } from "./topology.ts";

const { first, count, step } = workerData as { first: number; count: number; step: number };
let [rows, takeovers, revisions, failure] = [0, 0, 0, ""];
for (let seed = first; seed < first + count && failure === ""; seed += step) {
  const plan = planSharing(seed);
  const run = await playSharing(plan);
  rows += run.rows;
  takeovers += run.takeovers;
  revisions += run.revisions;
  if (run.broken === undefined) continue;
  failure = describeFailure(await shortenedLater(plan, async (fewer) => (await playSharing(fewer)).broken));
}
parentPort!.postMessage({ rows, takeovers, revisions, failure });

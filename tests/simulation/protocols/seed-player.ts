import { describeFailure, firstFailure } from "../../../packages/testkit/src/simulation/index.ts";
import { answerSeeds, seedsOf } from "../play-seeds.ts";
import { protocols } from "./protocols.ts";

const protocol = protocols[process.argv[2]!]!;
answerSeeds((share) => {
  const failure = firstFailure(
    seedsOf(share),
    (seed) => protocol.plan(seed),
    (plan) => protocol.play(plan),
  );
  return failure && describeFailure(failure);
});

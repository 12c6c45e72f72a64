import { describePlan } from "../../../packages/testkit/src/simulation/index.ts";
import { answerSeeds, seedsOf } from "../play-seeds.ts";
import { planServices, playServices } from "./play-services.ts";

answerSeeds(async (share) => {
  let [ordersLeft, freezes, failure] = [0, 0, ""];
  for (const seed of seedsOf(share)) {
    const plan = planServices(seed);
    const run = await playServices(plan);
    ordersLeft += run.ordersLeft;
    freezes += run.freezes;
    if (run.broken === undefined) continue;
    failure = `${run.broken.message}\n${describePlan(plan)}`;
    break;
  }
  return { ordersLeft, freezes, failure };
});

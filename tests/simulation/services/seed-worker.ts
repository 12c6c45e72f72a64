import { parentPort, workerData } from "node:worker_threads";
import { describePlan } from "../../../packages/testkit/src/simulation/index.ts";
import { planServices, playServices } from "./play-services.ts";

const { first, count, step } = workerData as { first: number; count: number; step: number };
let [ordersLeft, freezes, failure] = [0, 0, ""];
for (let seed = first; seed < first + count && failure === ""; seed += step) {
  const plan = planServices(seed);
  const run = await playServices(plan);
  ordersLeft += run.ordersLeft;
  freezes += run.freezes;
  if (run.broken !== undefined) failure = `${run.broken.message}\n${describePlan(plan)}`;
}
parentPort!.postMessage({ ordersLeft, freezes, failure });

import { parentPort, workerData } from "node:worker_threads";
import { describeFailure, firstFailure, seedsFrom } from "../../../packages/testkit/src/simulation/index.ts";
import { protocols } from "./protocols.ts";
import type { SeedWork } from "./run-seeds.ts";

const { protocol, first, count } = workerData as SeedWork;
const asked = protocols[protocol]!;
const failure = firstFailure(
  seedsFrom(first, count),
  (seed) => asked.plan(seed),
  (plan) => asked.play(plan),
);
parentPort!.postMessage(failure && describeFailure(failure));

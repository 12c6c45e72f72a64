import {
  planOrderLease,
  playOrderLease,
  type FaultPlan,
  type InvariantBroken,
} from "../../../packages/testkit/src/simulation/index.ts";
import { planEventRelay, playEventRelay } from "./event-relay.ts";
import { planSubmissions, playSubmissions } from "./submissions.ts";

export interface Protocol {
  plan(seed: number): FaultPlan;
  play(plan: FaultPlan): InvariantBroken | undefined;
}

export const protocols: Readonly<Record<string, Protocol>> = {
  "order lease": { plan: planOrderLease, play: (plan) => playOrderLease(plan).broken },
  "submission life cycle": { plan: planSubmissions, play: (plan) => playSubmissions(plan) },
  "event relay": { plan: planEventRelay, play: (plan) => playEventRelay(plan) },
};

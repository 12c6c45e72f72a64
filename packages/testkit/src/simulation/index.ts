export { describePlan, planFaults, type Fault, type FaultPlan, type Topology } from "./fault-plan.ts";
export { FaultyProcess, FaultySystem, WriteFailed } from "./faulty-system.ts";
export { knownMutants, moreMutants, planOrderLease, playOrderLease, type Mutant } from "./order-lease/index.ts";
export {
  describeFailure,
  firstFailure,
  InvariantBroken,
  seedsFrom,
  shortened,
  shortenedLater,
  type Failure,
  type PlayPlan,
} from "./seeds.ts";

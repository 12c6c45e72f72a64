export { knownMutants, moreMutants, type Mutant } from "./mutants.ts";
export { planOrderLease, playOrderLease, type OrderLeaseRun } from "./play-order-lease.ts";

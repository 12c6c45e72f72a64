export { defineOperator } from "./define-operator.ts";
export { ExponentialMean, type Seed } from "./exponential-mean.ts";
export { KernelState } from "./kernel-state.ts";
export {
  completeParams,
  readChoice,
  readFlag,
  readNumber,
  readPeriod,
  readRows,
  type GivenParams,
  type NumberBounds,
} from "./params.ts";
export { RollingMean } from "./rolling-mean.ts";

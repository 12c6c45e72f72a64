export { defineOperator } from "./define-operator.ts";
export { DelayLine } from "./delay-line.ts";
export { ExponentialMean, exponentialMean, wilderMean } from "./exponential-mean.ts";
export { finite } from "./finite.ts";
export { groupPower } from "./group-power.ts";
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
export { RollingComoments } from "./rolling-comoments.ts";
export { RollingCubes } from "./rolling-cubes.ts";
export { RollingMax, RollingMin } from "./rolling-extreme.ts";
export { RollingMean } from "./rolling-mean.ts";
export { RollingMoments } from "./rolling-moments.ts";
export { RollingSum } from "./rolling-sum.ts";
export { RollingWeightedMean } from "./rolling-weighted-mean.ts";
export { ROWS_PER_STEP, scratch, VECTOR_ROWS } from "./scratch.ts";
export { SortedWindow } from "./sorted-window.ts";
export { TrueRange, trueRange } from "./true-range.ts";

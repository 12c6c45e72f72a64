export {
  activationKey,
  activationOf,
  activationStateHash,
  activationTable,
  effectiveModeOf,
  isEffectiveMode,
  lowerMode,
  type ActivationEntry,
  type ActivationKey,
  type ActivationSide,
  type ActivationTable,
  type EffectiveMode,
} from "./activation/index.ts";
export {
  decide,
  replayPolicy,
  type DataSpan,
  type DecidedEntry,
  type Decision,
  type DecisionInputs,
  type Evidence,
  type Explanation,
  type PolicyReplay,
  type RecordedEvaluation,
  type ExplanationStep,
  type StrategyExplanation,
  type StrategyInputs,
  type StrategyMemory,
} from "./decide/index.ts";
export { parsePolicy, type Policy } from "./document/index.ts";
export { parseGatingPolicy, type GatingPolicy } from "./gating/index.ts";
export { linearityMetrics, portfolioLinearityMetrics, type EquitySeries } from "./linearity/index.ts";

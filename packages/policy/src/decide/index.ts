export { decide } from "./decide.ts";
export type { DecidedEntry, Decision, Explanation, ExplanationStep, StrategyExplanation } from "./decision.ts";
export type { DataSpan, DecisionInputs, Evidence, StrategyInputs, StrategyMemory } from "./decision-input.ts";
export { replayPolicy, type PolicyReplay, type RecordedEvaluation } from "./replay-policy.ts";

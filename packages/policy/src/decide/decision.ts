import type { JsonValue } from "@qmtl/core";
import type { ActivationSide } from "../activation/index.ts";
import type { StrategyMemory } from "./decision-input.ts";

export interface Decision {
  /** Strategies that may trade, best first. */
  readonly active: readonly string[];
  readonly entries: readonly DecidedEntry[];
  /** What ranking chose, before hysteresis. */
  readonly topK: readonly string[];
  readonly promote: readonly string[];
  readonly demote: readonly string[];
  /** Whether the data of at least one strategy is current; without, a world only validates. */
  readonly dataIsCurrent: boolean;
  /** For the next decision. */
  readonly memory: Readonly<Record<string, StrategyMemory>>;
  readonly explanation: Explanation;
}

export interface DecidedEntry {
  readonly strategyId: string;
  readonly side: ActivationSide;
  readonly active: boolean;
  readonly weight: number;
}

/** Why: every input, gate, score and constraint, and the rule that decided. */
export interface Explanation {
  readonly policyChecksum: string;
  readonly decidedAtMs: number;
  readonly strategies: Readonly<Record<string, StrategyExplanation>>;
}

export interface StrategyExplanation {
  readonly active: boolean;
  readonly weight: number;
  /** The rule of the step that settled it. */
  readonly decidedBy: string;
  readonly score: number | null;
  /** The metrics as they were judged, those from curves included. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly steps: readonly ExplanationStep[];
}

export interface ExplanationStep {
  /** "gates.and.0", "data_currency.max_lag", "hysteresis.min_dwell". */
  readonly rule: string;
  readonly verdict: "pass" | "fail" | "note";
  /** In words: what was expected, what was found. */
  readonly reason: string;
  readonly found?: JsonValue;
  readonly expected?: JsonValue;
}

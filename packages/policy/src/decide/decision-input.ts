import type { EpochMs } from "@qmtl/core";
import type { ActivationSide } from "../activation/index.ts";
import type { EquitySeries } from "../linearity/index.ts";

/** Everything a decision depends on besides the policy. The same inputs give the same decision, for ever (W-8). */
export interface DecisionInputs {
  /** When the decision is made. Lag and dwell count from it; no clock is read (W-9). */
  readonly decidedAtMs: EpochMs;
  readonly strategies: Readonly<Record<string, StrategyInputs>>;
  /** Pairwise correlations of returns; a pair that is not there counts as 0. */
  readonly correlations: readonly (readonly [a: string, b: string, correlation: number])[];
  /** What the decision before this one left behind. */
  readonly memory: Readonly<Record<string, StrategyMemory>>;
}

export interface StrategyInputs {
  /** By name. What is not a finite number counts as missing. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly side?: ActivationSide | undefined;
  readonly sector?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Share of equity at full weight; 1 unless said. */
  readonly gross?: number | undefined;
  readonly data?: DataSpan | undefined;
  readonly series?: EquitySeries | undefined;
  readonly evidence?: Evidence | undefined;
}

/** What the strategy's metrics were computed from. */
export interface DataSpan {
  readonly startMs?: EpochMs | undefined;
  readonly endMs?: EpochMs | undefined;
  readonly barAlignment?: string | undefined;
}

/** What offline runs of the strategy have shown. */
export interface Evidence {
  /** "pass" if batch and stream gave the same bits. */
  readonly parity?: string | undefined;
  /** "pass" if later data changed nothing in the past. */
  readonly lookahead?: string | undefined;
  /** Hash of the run's manifest. */
  readonly manifest?: string | undefined;
  /** How many variants were tried before this one. */
  readonly trials?: number | undefined;
}

export interface StrategyMemory {
  readonly active: boolean;
  /** Decision time of the last change; null if it is not known, which is long ago. */
  readonly sinceMs: EpochMs | null;
  /** Evaluations in a row that wanted the strategy in, or out. */
  readonly passes: number;
  readonly fails: number;
}

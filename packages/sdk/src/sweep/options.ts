import type { PerformanceMetrics } from "@qmtl/engine/metrics";
import type { RunWarning } from "@qmtl/engine/result";
import type { OfflineOptions } from "../runner/options.ts";
import type { Combination, SweepGrid } from "./grid.ts";
import type { SweepMetric } from "./sweep-metric.ts";
import type { SweepTable } from "./sweep-table.ts";

export interface SweepOptions extends Pick<
  OfflineOptions,
  "data" | "load" | "startTime" | "endTime" | "broker" | "returnsBasis" | "signal" | "onProgress"
> {
  /** Values to try, by parameter of the strategy. */
  readonly grid: SweepGrid;
  /** Parameters that stay the same; the others have their defaults. */
  readonly params?: Combination;
  /** Which combinations to try. Pure; called once for each. */
  readonly constraint?: (params: Combination) => boolean;
  /** What to rank by. Default "sharpe". */
  readonly metric?: SweepMetric;
  /**
   * Metrics in the table: what fills alone tell and, when `metric` needs the equity of every bar, what that tells
   * ("needed", default); or always all.
   */
  readonly metrics?: "needed" | "all";
  /** Threads, this one included. Default: by the size of the sweep, at most one per processor. */
  readonly workers?: number;
  /** Rows in `top`. Default 10. */
  readonly top?: number;
  /** The file that exports the class: other threads load it from there when a sweep needs the broker. */
  readonly file?: string;
}

/** One combination on one instrument. */
export interface SweepRow {
  /** Place in the table. */
  readonly row: number;
  readonly instrument: string;
  readonly params: Combination;
  /** Null where the metric is not defined; only what the table has. */
  readonly metrics: Readonly<Partial<Record<SweepMetric, number | null>>>;
}

export interface SweepResult {
  readonly strategy: string;
  readonly metric: SweepMetric;
  /** Runs: combinations times instruments, in grid order, instrument by instrument. */
  readonly table: SweepTable;
  /** Best row of all, with every figure of a run through the broker; null when no row has the metric. */
  readonly best: (SweepRow & { readonly figures: PerformanceMetrics }) | null;
  readonly bestByInstrument: readonly SweepRow[];
  readonly top: readonly SweepRow[];
  /** How likely the best is the luck of having tried so many. */
  readonly trialsForDeflatedSharpe: TrialsOfSweep;
  /** Rows computed from fills alone, and rows that went through the broker bar by bar. */
  readonly paths: { readonly events: number; readonly broker: number; readonly brokerReasons: readonly string[] };
  readonly workers: number;
  /** Over parameters, instruments and every figure: equal for equal sweeps, whatever the number of workers. */
  readonly digest: string;
  readonly warnings: readonly RunWarning[];
}

export interface TrialsOfSweep {
  /** Runs the best was picked from. Runs that resemble each other count fully: the deflated ratio errs on the low side. */
  readonly count: number;
  /** Sample variance of the trials' Sharpe ratios per period; null when they were not computed. */
  readonly sharpeVariance: number | null;
  /**
   * Probability that the best run's true Sharpe ratio is above what the best of `count` worthless runs would show; with
   * the sampling variance of its own ratio where `sharpeVariance` is null.
   */
  readonly deflatedSharpe: number | null;
}

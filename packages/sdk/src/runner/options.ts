import type { BrokerOptions } from "@qmtl/engine/broker";
import type { Frame } from "@qmtl/engine/frame";
import type { ReturnsBasis, Trials } from "@qmtl/engine/metrics";
import type { LoadedFrame } from "../data-quality/index.ts";
import type { HistoryProvider, LoadOptions } from "../history/index.ts";

/** Rows for a stream: columns, loaded columns with their quality record, a file to load, or a history to ask. */
export type DataSource = Frame | LoadedFrame | string | HistoryProvider;

export interface OfflineOptions {
  /**
   * Rows for the strategy's streams: one source for a single stream, or by the stream's name, its instrument's symbol,
   * or one of its tags. A stream that is not named here reads its own `history`.
   */
  readonly data?: DataSource | Readonly<Record<string, DataSource>>;
  /** How files are read and which findings are allowed: `{ allow: ["gap"] }`. */
  readonly load?: LoadOptions;
  /** Half-open range of bucket starts: epoch seconds, ISO-8601 text, or a Date. */
  readonly startTime?: number | string | Date;
  readonly endTime?: number | string | Date;
  /** Overrides of the strategy's `defaults`. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Column by column ("batch", default) or event by event ("stream"): the results are bit-equal. */
  readonly executor?: "batch" | "stream";
  /** The account and its market: cash, fees, slippage, fill rules, or a named profile (`semantics`). */
  readonly broker?: Partial<BrokerOptions>;
  /** Returns that ratios are computed from: of days (default) or of bars. */
  readonly returnsBasis?: ReturnsBasis;
  /** Number of trials behind this strategy; needed for the deflated Sharpe ratio. */
  readonly trials?: Trials;
  /**
   * Columns of nodes in the result. Default "all"; "none" leaves them out. Where a run can do without them (targets on the
   * rows of one stream, or `keep: "none"`), columns and summaries of nodes are computed when they are read.
   */
  readonly keep?: "all" | "none";
  /** Recorded in the manifest and handed to nothing else: the engine itself draws no random numbers. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Fraction done, 0 to 1. */
  readonly onProgress?: (fraction: number, what: string) => void;
}

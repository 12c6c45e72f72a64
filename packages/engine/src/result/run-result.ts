import type { EpochMs, IntervalMs, JsonValue, NodeId } from "@qmtl/core";
import type { Fill, Order, Trade } from "../broker/index.ts";
import type { Instrument } from "../instrument/index.ts";
import type { PerformanceMetrics } from "../metrics/index.ts";

/** One strategy's outcome. Reports, `explain` and `verify` read this; JSON made of it holds no NaN. */
export interface RunResult {
  readonly strategy: string; // class name
  readonly strategyId: string; // hash over its node ids and options
  readonly currency: string;
  readonly instruments: readonly Instrument[];
  /** Equity at every close time, marked after fills and before the next bar; same length as `times`. */
  readonly times: Float64Array; // EpochMs, close times
  readonly equity: Float64Array;
  readonly cash: Float64Array;
  /** Signed units per instrument at every close time. */
  readonly positions: readonly Float64Array[];
  /** Records of a finished run are made when somebody looks at them: a copy (`[...trades]`) can go to another thread. */
  readonly orders: readonly Order[];
  readonly fills: readonly Fill[];
  readonly trades: readonly Trade[];
  readonly metrics: PerformanceMetrics;
  /** Bars that were traded on, by instrument: what the report draws. */
  readonly bars: readonly BarColumns[];
  /** Nodes, inputs first. */
  readonly nodes: readonly NodeSummary[];
  /** Columns of the nodes that were kept (all outputs of the strategy's own nodes unless told otherwise). */
  readonly columns: ReadonlyMap<NodeId, NodeColumns>;
  readonly warnings: readonly RunWarning[];
  /** What the run took for granted: fill rule, fees, slippage, calendar, ... in words, for people. */
  readonly assumptions: readonly { readonly name: string; readonly value: string }[];
  readonly dataQuality: readonly DataQuality[];
  /** Fills whose outcome hung on an intrabar order of events that bars cannot tell. */
  readonly intrabarAmbiguousFills: number;
  /** Why there is no trade, in order of likelihood; empty when there are trades. */
  readonly zeroTradeReasons: readonly string[];
}

export interface BarColumns {
  readonly instrument: number;
  readonly intervalMs: IntervalMs;
  readonly time: Float64Array; // bucket starts
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

export interface NodeSummary {
  readonly id: NodeId;
  readonly name: string;
  readonly type: string; // StreamInput, ProcessingNode, TagQueryNode, ...
  readonly operator: string | null; // built-in operator's name
  readonly intervalMs: IntervalMs;
  readonly inputs: readonly NodeId[];
  readonly params: JsonValue;
  readonly codeHash: string;
  readonly rows: number; // rows with a value
  readonly firstValueMs: EpochMs | null; // bucket of the first value
}

export interface NodeColumns {
  readonly time: Float64Array; // bucket starts
  readonly fields: Readonly<Record<string, Float64Array>>;
  readonly payloads?: readonly (JsonValue | undefined)[];
}

export interface RunWarning {
  readonly code: string; // SCREAMING_SNAKE, e.g. "INTRABAR_AMBIGUOUS"
  readonly message: string;
  readonly node?: string;
  readonly timeMs?: EpochMs;
  readonly count?: number;
}

export interface DataQuality {
  readonly source: string; // file or provider
  readonly stream: string; // node name
  readonly rows: number;
  readonly firstMs: EpochMs | null;
  readonly lastMs: EpochMs | null;
  readonly intervalMs: IntervalMs;
  readonly missingBuckets: number;
  readonly longestGapMs: number;
  readonly findings: readonly { readonly rule: string; readonly count: number; readonly example: string }[];
  readonly digest: string; // "blake3:..." over the columns
  readonly load?: JsonValue; // how a file was read, where the stream's own history says so
}

import type { EpochMs, IntervalMs } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import type { TimeRange } from "../history/index.ts";

/** One stream of a strategy, as a feed is asked for it. */
export interface FeedSubscription {
  /** Name of the stream in the strategy, for messages. */
  readonly stream: string;
  /** Symbol of the stream's instrument, as the strategy writes it: "BTC/USDT", "BTCUSDT". */
  readonly symbol: string;
  readonly intervalMs: IntervalMs;
  /** Fields of a row, in the order in which `row` hands over their values. */
  readonly fields: readonly string[];
  /** Rows before this bucket are there already. */
  readonly fromMs: EpochMs;
}

/** What a feed tells while it is open. Every call names the subscription by its place in the list. */
export interface FeedListener {
  /** A bucket that is complete and will not change. In time order per subscription. */
  row(subscription: number, bucketMs: EpochMs, values: Float64Array): void;
  /**
   * From this bucket on every row is going to be delivered. Called before the first row, and again after a connection
   * was lost: what lies between the last row and this bucket has to be fetched from history.
   */
  live(subscription: number, fromMs: EpochMs): void;
  /** Nothing arrives any more, and rows may be missing; the feed goes on trying. */
  lost(reason: string): void;
  /** The source has no more rows (a replay has ended). */
  ended(): void;
}

/** Where rows come from while they happen. */
export interface LiveFeed {
  /** Starts delivering; the listener is called in the same process, one call at a time. */
  open(subscriptions: readonly FeedSubscription[], listener: FeedListener): FeedSession;
  /** Closed rows of the past, where the source keeps them: what a gap is filled from. */
  history?(subscription: FeedSubscription, range: TimeRange): Promise<Frame>;
}

export interface FeedSession {
  /** Stops delivering and lets go of sockets and timers. Closing twice is no error. */
  close(): void;
}

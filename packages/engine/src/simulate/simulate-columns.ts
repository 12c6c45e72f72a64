import type { EpochMs, IntervalMs } from "@qmtl/core";
import { FeedReplay } from "./feed-replay.ts";
import type { Simulation } from "./simulation.ts";

/** Bars of one traded instrument, whole. */
export interface BarFeed {
  readonly instrument: number;
  readonly intervalMs: IntervalMs;
  readonly length: number;
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** Rows of a node that become orders. */
export type OrderSource =
  | {
      readonly kind: "target";
      readonly instrument: number;
      readonly unit: "percent" | "quantity";
      readonly intervalMs: IntervalMs;
      readonly time: Float64Array;
      readonly values: Float64Array;
    }
  | {
      readonly kind: "payload";
      readonly intervalMs: IntervalMs;
      readonly time: Float64Array;
      /** Runs the row through the order path. */
      deliver(row: number, bucketMs: EpochMs, nowMs: EpochMs): void;
    };

export interface SimulateHooks {
  /** Called after the orders of every close: stages that wait release theirs. */
  readonly onClose?: (nowMs: EpochMs) => void;
  /** Called after the account of a close is settled: fills are reported here. */
  readonly afterClose?: (nowMs: EpochMs) => void;
  /** Called every so many thousand rows, with the number of bars done. */
  readonly onProgress?: (bars: number) => void;
}

/**
 * Replays bars and orders in event time. An order source whose row was knowable before the bars of a close is heard
 * before them; one that becomes knowable at that close, after them.
 */
export function simulateColumns(
  simulation: Simulation,
  feeds: readonly BarFeed[],
  sources: readonly OrderSource[],
  hooks: SimulateHooks = {},
): void {
  const feed = feeds[0];
  if (
    feeds.length === 1 &&
    feed &&
    hooks.onClose === undefined &&
    hooks.afterClose === undefined &&
    sources.every((source) => onFeedRows(source, feed))
  ) {
    simulateOneFeed(simulation, feed, sources, hooks);
  } else simulateMerged(simulation, feeds, sources, hooks);
}

function onFeedRows(source: OrderSource, feed: BarFeed): boolean {
  return source.time === feed.time && source.intervalMs === feed.intervalMs;
}

// One instrument whose orders live on its own rows: no merging, the row is the clock.
function simulateOneFeed(
  simulation: Simulation,
  feed: BarFeed,
  sources: readonly OrderSource[],
  hooks: SimulateHooks,
): void {
  const [source] = sources;
  if (source === undefined || (sources.length === 1 && source.kind === "target")) {
    const replay = new FeedReplay(simulation, feed, source);
    for (let from = 0; from < feed.length;) {
      const to = Math.min(feed.length, from + rowsPerPiece);
      replay.run(source?.values, from, from, to);
      from = to;
      hooks.onProgress?.(to);
    }
  } else stepRows(simulation, feed, sources, hooks);
}

const rowsPerPiece = 16_384;

function stepRows(simulation: Simulation, feed: BarFeed, sources: readonly OrderSource[], hooks: SimulateHooks): void {
  const { time, open, high, low, close, volume, intervalMs, instrument, length } = feed;
  for (let row = 0; row < length; row++) {
    const bucketMs = time[row]!;
    const nowMs = bucketMs + intervalMs;
    simulation.bar(instrument, bucketMs, nowMs, open[row]!, high[row]!, low[row]!, close[row]!, volume[row]!);
    simulation.open(nowMs);
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index]!;
      if (source.kind === "target") {
        const target = source.values[row]!;
        if (target === target) simulation.target(source.instrument, target, source.unit, nowMs);
      } else source.deliver(row, bucketMs, nowMs);
    }
    simulation.close(nowMs);
    if ((row & 0xffff) === 0xffff) hooks.onProgress?.(row + 1);
  }
}

function simulateMerged(
  simulation: Simulation,
  feeds: readonly BarFeed[],
  sources: readonly OrderSource[],
  hooks: SimulateHooks,
): void {
  const heads = feeds.map(() => 0);
  const orderHeads = sources.map(() => 0);
  for (let bars = 0; ; bars++) {
    let nowMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < feeds.length; index++) {
      const feed = feeds[index]!;
      const head = heads[index]!;
      if (head < feed.length) nowMs = Math.min(nowMs, feed.time[head]! + feed.intervalMs);
    }
    if (nowMs === Number.POSITIVE_INFINITY) break;
    deliverUpTo(simulation, sources, orderHeads, nowMs, true);
    for (let index = 0; index < feeds.length; index++) {
      const feed = feeds[index]!;
      const row = heads[index]!;
      if (row >= feed.length || feed.time[row]! + feed.intervalMs !== nowMs) continue;
      const { instrument, open, high, low, close, volume } = feed;
      simulation.bar(instrument, feed.time[row]!, nowMs, open[row]!, high[row]!, low[row]!, close[row]!, volume[row]!);
      heads[index] = row + 1;
    }
    simulation.open(nowMs);
    deliverUpTo(simulation, sources, orderHeads, nowMs, false);
    hooks.onClose?.(nowMs);
    simulation.close(nowMs);
    hooks.afterClose?.(nowMs);
    if ((bars & 0xffff) === 0xffff) hooks.onProgress?.(bars + 1);
  }
}

// Rows knowable before `nowMs` (or at it), earliest first, sources in order within one instant.
function deliverUpTo(
  simulation: Simulation,
  sources: readonly OrderSource[],
  heads: number[],
  nowMs: EpochMs,
  strictlyBefore: boolean,
): void {
  for (;;) {
    let due = Number.POSITIVE_INFINITY;
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index]!;
      const row = heads[index]!;
      if (row < source.time.length) due = Math.min(due, source.time[row]! + source.intervalMs);
    }
    if (strictlyBefore ? due >= nowMs : due > nowMs) return;
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index]!;
      const row = heads[index]!;
      if (row >= source.time.length || source.time[row]! + source.intervalMs !== due) continue;
      heads[index] = row + 1;
      if (source.kind === "payload") source.deliver(row, source.time[row]!, due);
      else if (source.values[row]! === source.values[row]!) {
        simulation.target(source.instrument, source.values[row]!, source.unit, due);
      }
    }
  }
}

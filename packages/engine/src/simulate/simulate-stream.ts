import type { EpochMs, JsonValue, NodeId } from "@qmtl/core";
import { ColumnPool } from "../columns/index.ts";
import type { StreamExecutor, StreamGrid } from "../execute/index.ts";
import type { Frame } from "../frame/index.ts";
import { FeedReplay } from "./feed-replay.ts";
import type { BarFeed, SimulateHooks } from "./simulate-columns.ts";
import type { Simulation } from "./simulation.ts";

/** Rows of one source, in time order, and how far they have been read. */
export interface StreamSource {
  readonly id: NodeId;
  frame: Frame;
  readonly fields: readonly string[];
  next: number;
}

/** A node's rows as orders, read from its rings. */
export type StreamOrderSource =
  | {
      readonly kind: "target";
      readonly grid: StreamGrid;
      readonly column: Float64Array;
      readonly instrument: number;
      readonly unit: "percent" | "quantity";
      seenRows: number;
    }
  | {
      readonly kind: "payload";
      readonly grid: StreamGrid;
      deliver(position: number, bucketMs: EpochMs, nowMs: EpochMs): void;
      seenRows: number;
    };

export interface StreamAccount {
  readonly simulation: Simulation;
  readonly feeds: readonly BarFeed[];
  /** Position of each feed's source in the list of sources. */
  readonly feedSources: readonly number[];
  readonly orders: readonly StreamOrderSource[];
  readonly hooks: SimulateHooks;
}

/**
 * Feeds sources to the executor and accounts event by event, in event time, from where the sources stand to their
 * end, or to the last close at or before `upToMs`. The same calls in the same order as the batch, so accounts end
 * bit-equal. Can be called again to go on.
 */
export function simulateStream(
  executor: StreamExecutor,
  sources: readonly StreamSource[],
  accounts: readonly StreamAccount[],
  upToMs: EpochMs = Number.POSITIVE_INFINITY,
): void {
  const inputs = sources.map((source) => ({
    source,
    grid: executor.inputOf(source.id),
    columns: source.fields.map((field) => source.frame.columns[field]!),
    payloads: source.frame.objects?.["payload"],
  }));
  const only = inputs[0];
  if (inputs.length === 1 && only && !executor.needsFlush && accounts.length === 1 && isPlain(accounts[0]!, only)) {
    if (only.grid.takesStretches) streamStretches(only, accounts[0]!, upToMs);
    else streamOneSource(executor, only, accounts[0]!, upToMs);
  } else streamMerged(executor, inputs, accounts, upToMs);
}

interface Input {
  readonly source: StreamSource;
  readonly grid: StreamGrid;
  readonly columns: readonly Float64Array[];
  readonly payloads: readonly (JsonValue | undefined)[] | undefined;
}

// One target at most, on the rows of the bars themselves, and nobody who wants to hear of every close.
function isPlain({ hooks, feeds, orders }: StreamAccount, { grid, source, payloads }: Input): boolean {
  const { onClose, afterClose } = hooks;
  const plainOrders = orders.length <= 1 && orders.every((order) => order.kind === "target" && order.grid === grid);
  const ownBars = feeds.length === 1 && feeds[0]!.time === source.frame.time;
  return plainOrders && ownBars && payloads === undefined && onClose === undefined && afterClose === undefined;
}

function ingest(executor: StreamExecutor, input: Input): void {
  const { source, grid, columns, payloads } = input;
  const row = source.next++;
  if (payloads === undefined) {
    executor.ingestRows(grid, source.frame.time, columns, row, row + 1);
    return;
  }
  const values = columns.map((column) => column[row]!);
  executor.ingest(grid, source.frame.time[row]!, values, payloads[row]);
}

// One source, one account, nothing derived, targets only: the hot path of a single-instrument replay. Nodes do not
// see the account, so some rows are computed first; with their targets they are then handed to the account whole.
function streamOneSource(
  executor: StreamExecutor,
  { source, columns }: Input,
  { simulation, feeds, orders, hooks }: StreamAccount,
  upToMs: EpochMs,
): void {
  const feed = feeds[0]!;
  const { time, intervalMs } = feed;
  const grid = executor.inputOf(source.id);
  const order = targetOf(orders);
  const { length } = source.frame;
  // Where vector code reaches them, as far as there are rows enough for it.
  const pool = new ColumnPool();
  const size = Math.min(rowsAtOnce, length - source.next);
  const [targets, closes] = order ? [pool.take(size), pool.take(size)] : [];
  const replay = new FeedReplay(simulation, feed, order && { ...order, ...(closes && { closes }) });
  const readout = order && targets && { column: order.column, values: targets };
  let row = source.next;
  let reported = row;
  try {
    while (row < length && time[row]! + intervalMs <= upToMs) {
      const from = row;
      const end = Math.min(length, row + size);
      row = executor.ingestRows(grid, time, columns, row, end, upToMs - intervalMs, readout);
      closes?.set(feed.close.subarray(from, row));
      replay.run(targets, 0, from, row);
      if (row - reported < progressRows) continue;
      reported = row;
      hooks.onProgress?.(row);
    }
  } finally {
    pool.releaseAll();
  }
  source.next = row;
  for (const each of orders) each.seenRows = grid.rows;
}

// The same where rows may go through the nodes many at a time: the account reads them from the rings.
function streamStretches(
  { source, grid, columns }: Input,
  { simulation, feeds, orders, hooks }: StreamAccount,
  upToMs: EpochMs,
): void {
  const feed = feeds[0]!;
  const order = targetOf(orders);
  const closes = grid.fieldOf("close")!; // as bars have
  const replay = new FeedReplay(simulation, feed, order && { instrument: order.instrument, unit: order.unit, closes });
  let end = feed.length;
  while (end > source.next && feed.time[end - 1]! + feed.intervalMs > upToMs) end--;
  while (source.next < end) {
    const from = source.next;
    source.next = grid.takeStretch(feed.time, columns, from, end);
    replay.run(order?.column, grid.position + 1 - (source.next - from), from, source.next);
    hooks.onProgress?.(source.next);
  }
  for (const each of orders) each.seenRows = grid.rows;
}

function targetOf(orders: readonly StreamOrderSource[]) {
  const order = orders[0];
  return order?.kind === "target" ? order : undefined;
}

const progressRows = 16_384;
const rowsAtOnce = 1_024;

function streamMerged(
  executor: StreamExecutor,
  inputs: readonly Input[],
  all: readonly StreamAccount[],
  upToMs: EpochMs,
): void {
  // Strategies that only compute have nothing to settle.
  const accounts = all.filter(({ feeds, orders }) => feeds.length > 0 || orders.length > 0);
  for (let bars = 0; ; bars++) {
    let nowMs = Number.POSITIVE_INFINITY;
    for (const { source } of inputs) {
      const { frame, next } = source;
      if (next < frame.length) nowMs = Math.min(nowMs, frame.time[next]! + frame.intervalMs);
    }
    if (nowMs === Number.POSITIVE_INFINITY || nowMs > upToMs) return;
    if (executor.needsFlush) {
      // Buckets that ended since the last event are closed, and their orders sent, before its bars trade.
      executor.flush(nowMs - 1);
      for (const account of accounts) deliverOrders(account.simulation, account.orders, nowMs - 1);
    }
    const tradedAccounts = accounts.filter((account) => tradeBars(account, inputs, nowMs));
    for (const input of inputs) {
      const { frame, next } = input.source;
      if (next < frame.length && frame.time[next]! + frame.intervalMs === nowMs) ingest(executor, input);
    }
    executor.flush(nowMs);
    for (const account of accounts) deliverOrders(account.simulation, account.orders, nowMs);
    for (const { simulation, hooks } of tradedAccounts) {
      hooks.onClose?.(nowMs);
      simulation.close(nowMs);
      hooks.afterClose?.(nowMs);
    }
    if ((bars & 0xffff) === 0xffff) all[0]?.hooks.onProgress?.(bars + 1);
  }
}

function tradeBars(
  { simulation, feeds, feedSources }: StreamAccount,
  inputs: readonly Input[],
  nowMs: EpochMs,
): boolean {
  let traded = false;
  for (let each = 0; each < feeds.length; each++) {
    const feed = feeds[each]!;
    const row = inputs[feedSources[each]!]!.source.next;
    if (row >= feed.length || feed.time[row]! + feed.intervalMs !== nowMs) continue;
    const { instrument, time, open, high, low, close, volume } = feed;
    simulation.bar(instrument, time[row]!, nowMs, open[row]!, high[row]!, low[row]!, close[row]!, volume[row]!);
    traded = true;
  }
  if (traded) simulation.open(nowMs);
  return traded;
}

/** Sends the orders of rows that came since the last time, earliest first, sources in order within one instant. */
export function deliverOrders(simulation: Simulation, orders: readonly StreamOrderSource[], upToMs: EpochMs): void {
  for (;;) {
    let due = Number.POSITIVE_INFINITY;
    for (let index = 0; index < orders.length; index++) {
      const { grid, seenRows } = orders[index]!;
      if (seenRows < grid.rows)
        due = Math.min(due, grid.time[grid.position - (grid.rows - seenRows - 1)]! + grid.grid.intervalMs);
    }
    if (due > upToMs) return;
    for (let index = 0; index < orders.length; index++) {
      const order = orders[index]!;
      const { grid } = order;
      if (order.seenRows >= grid.rows) continue;
      const position = grid.position - (grid.rows - order.seenRows - 1);
      const bucketMs = grid.time[position]!;
      if (bucketMs + grid.grid.intervalMs !== due) continue;
      order.seenRows++;
      if (order.kind === "payload") order.deliver(position, bucketMs, due);
      else {
        const target = order.column[position]!;
        if (target === target) simulation.target(order.instrument, target, order.unit, due);
      }
    }
  }
}

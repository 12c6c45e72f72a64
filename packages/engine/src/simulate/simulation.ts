import type { EpochMs } from "@qmtl/core";
import type {
  AccountView,
  Broker,
  BrokerSnapshot,
  PositionView,
  ReplayCurves,
  TargetColumn,
  TargetRows,
} from "../broker/index.ts";
import type { EquityColumns, EquityTracker } from "../metrics/index.ts";
import { blockMarks, type BlockMarks } from "./block-marks.ts";
import { CloseTimes } from "./close-times.ts";
import type { BarFeed } from "./simulate-columns.ts";
import { StepCurve } from "./step-curve.ts";

export interface SimulationSnapshot {
  readonly broker: BrokerSnapshot;
  readonly tracker: Float64Array;
  readonly marks: Float64Array;
  readonly volumes: Float64Array;
}

/**
 * One account over time: feeds bars to the broker, hands over the orders of each close, and keeps the curves. Batch
 * and stream drive it through the same calls in the same order, so they agree bit for bit. Per close time T:
 * `bar` for every instrument that closes at T, `open`, the orders of T, `close`.
 */
export class Simulation {
  readonly broker: Broker;
  readonly tracker: EquityTracker;
  rows = 0;
  readonly #account: AccountView;
  readonly #held: readonly PositionView[];
  #times: CloseTimes;
  #equity: Float64Array;
  #cash = new StepCurve();
  #positions: readonly StepCurve[];
  readonly #marks: Float64Array;
  readonly #volumes: Float64Array;
  // After a quiet stretch, where its last volume stands: reading it there costs a miss of the cache that most runs
  // would pay for nothing.
  readonly #volumeFeeds: (BarFeed | undefined)[];
  readonly #volumeRows: Int32Array;
  readonly #freshTracker: Float64Array;
  #tracked: EquityColumns | undefined;
  #trackedFeed: BarFeed | undefined;

  constructor(broker: Broker, tracker: EquityTracker, instruments: number, expectedRows: number) {
    this.broker = broker;
    this.tracker = tracker;
    this.#freshTracker = tracker.save();
    this.#account = broker.account;
    this.#held = Array.from({ length: instruments }, (_, instrument) => broker.account.position(instrument));
    this.#marks = new Float64Array(instruments).fill(Number.NaN);
    this.#volumes = new Float64Array(instruments).fill(Number.NaN);
    this.#volumeFeeds = Array.from({ length: instruments }, () => undefined);
    this.#volumeRows = new Int32Array(instruments);
    this.#times = new CloseTimes(expectedRows);
    this.#equity = new Float64Array(Math.max(16, expectedRows));
    this.#positions = this.#held.map(() => new StepCurve());
  }

  bar(
    instrument: number,
    openMs: EpochMs,
    closeMs: EpochMs,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void {
    this.broker.onBar(instrument, openMs, closeMs, open, high, low, close, volume);
    this.#marks[instrument] = close;
    this.#volumes[instrument] = volume;
    this.#volumeFeeds[instrument] = undefined;
  }

  open(nowMs: EpochMs): void {
    this.broker.onTime(nowMs);
  }

  /** A market order to a position: a fraction of equity, or units. */
  target(instrument: number, target: number, unit: "percent" | "quantity", nowMs: EpochMs): void {
    if (unit === "percent") this.broker.submitTargetPercent(instrument, target, nowMs);
    else this.broker.submitTargetQuantity(instrument, target, nowMs);
  }

  close(nowMs: EpochMs): void {
    this.broker.afterIntents(nowMs);
    const row = this.rows;
    if (row === this.#equity.length) this.#grow();
    const equity = this.#account.equity;
    this.#times.push(nowMs);
    this.#equity[row] = equity;
    this.#cash.set(row, this.#account.cash);
    let held = false;
    for (let instrument = 0; instrument < this.#held.length; instrument++) {
      const quantity = this.#held[instrument]!.quantity;
      this.#positions[instrument]!.set(row, quantity);
      if (quantity !== 0) held = true;
    }
    this.rows = row + 1;
    // Buy-and-hold is measured on the first instrument.
    this.tracker.add(nowMs, equity, held, this.#marks[0]!);
  }

  /**
   * The data ends: what the broker still fills or closes belongs to the last close, so its row is written again. The
   * tracker has counted that row already and is fed once more from the start; this happens only to runs that end with
   * orders or positions the options tell to close.
   */
  finish(): void {
    if (this.rows === 0) return;
    const fills = this.broker.fills.length;
    this.broker.finish(this.#times.last);
    if (this.broker.fills.length === fills) return;
    const last = this.rows - 1;
    this.#equity[last] = this.#account.equity;
    this.#cash.set(last, this.#account.cash);
    for (let each = 0; each < this.#held.length; each++) this.#positions[each]!.set(last, this.#held[each]!.quantity);
    const { firstPrice, lastPrice } = this.tracker.read();
    this.tracker.load(this.#freshTracker);
    const [times, positions] = [this.times, this.positions];
    for (let row = 0; row <= last; row++) {
      // Of prices, buy-and-hold needs the first and the last.
      const price = row === last ? lastPrice : row === 0 ? firstPrice : Number.NaN;
      const isHeld = positions.some((position) => position[row] !== 0);
      this.tracker.add(times[row]!, this.#equity[row]!, isHeld, price);
    }
  }

  /** Last close; NaN before the first bar. */
  markOf(instrument: number): number {
    return this.#marks[instrument]!;
  }

  /** Volume of the last bar; NaN before the first. */
  volumeOf(instrument: number): number {
    const feed = this.#volumeFeeds[instrument];
    return feed ? feed.volume[this.#volumeRows[instrument]!]! : this.#volumes[instrument]!;
  }

  /**
   * Rows `from..to-1` of a feed, as far as nothing but prices moves the account.
   *
   * @param ordersFollow - the last row has orders: its bar is taken in, but the caller sends them and calls `close`
   * @returns the row it stopped at: there `bar` … `close` have to be called
   */
  quietRows(feed: BarFeed, from: number, to: number, ordersFollow = false): number {
    while (this.rows + to - from > this.#equity.length) this.#grow();
    const { rows } = this;
    const { instrument, intervalMs } = feed;
    const end = this.broker.onQuietBars(instrument, feed, intervalMs, from, to, this.#equity, rows);
    if (end === from) return from;
    this.#marks[instrument] = feed.close[end - 1]!;
    this.#volumeFeeds[instrument] = feed;
    this.#volumeRows[instrument] = end - 1;
    this.#settle(feed, from, ordersFollow && end === to ? end - 1 : end);
    return end;
  }

  /** Whether `targetRows` can be asked. */
  get takesTargetRows(): boolean {
    return this.broker.takesTargetBars;
  }

  /**
   * Rows `from..to-1` of the feed of an account's one instrument with the targets sent at their closes.
   *
   * @returns where it stopped: what that row needs (all of it, or, its bar being taken in, its target and `close`) is
   * the caller's
   */
  targetRows(feed: BarFeed, targets: TargetColumn, from: number, to: number): TargetRows {
    while (this.rows + to - from > this.#equity.length) this.#grow();
    const { rows } = this;
    const marks = blockMarks(targets, from, to, this.tracker);
    const { moved, movedRows } = this.#moves;
    const curves = { equity: this.#equity, shift: rows - from, moved, movedRows, marks };
    moved(rows);
    const taken = this.broker.onTargetBars(feed, feed.intervalMs, targets, from, to, curves);
    const last = taken.barIsTaken ? taken.row : taken.row - 1;
    if (last >= from) {
      this.#marks[0] = feed.close[last]!;
      this.#volumeFeeds[0] = feed;
      this.#volumeRows[0] = last;
    }
    marks?.writeTo(this.#equity, rows, taken.row - from);
    this.#count(feed, from, taken.row, taken.heldRows, marks);
    return taken;
  }

  readonly #moves: Pick<ReplayCurves, "moved" | "movedRows"> = {
    moved: (row) => {
      this.#cash.set(row, this.#account.cash);
      for (let each = 0; each < this.#held.length; each++) this.#positions[each]!.set(row, this.#held[each]!.quantity);
    },
    movedRows: (cash, position) => {
      this.#cash.append(cash);
      this.#positions[0]!.append(position);
    },
  };

  // The closes of bars that the broker has taken in.
  #settle(feed: BarFeed, from: number, to: number): void {
    if (from === to) return;
    this.#moves.moved(this.rows);
    this.#count(feed, from, to, this.#held[feed.instrument]!.quantity === 0 ? 0 : to - from);
  }

  #count(feed: BarFeed, from: number, to: number, heldRows: number, marks?: BlockMarks): void {
    if (from === to) return;
    const { rows } = this;
    this.rows += to - from;
    this.#times.pushRows(feed.time, feed.intervalMs, from, to);
    // Rows of a feed and of the run go together until rows are appended or another feed joins.
    const equity = rows === from ? this.#equity : this.#equity.subarray(rows, this.rows);
    const tracked = this.#trackedColumns(feed, equity, rows === from ? 0 : from, to);
    const first = rows === from ? from : 0;
    const end = rows === from ? to : to - from;
    if (marks) this.tracker.addLent(tracked, first, end, heldRows, marks.numbers, marks.ended);
    else this.tracker.addRows(tracked, first, end, heldRows);
  }

  // Buy-and-hold is measured on the first instrument.
  #trackedColumns(feed: BarFeed, equity: Float64Array, from: number, to: number): EquityColumns {
    if (this.#tracked?.equity === equity && this.#trackedFeed === feed) return this.#tracked;
    const rows = (column: Float64Array) => (from === 0 ? column : column.subarray(from, to));
    this.#trackedFeed = feed;
    return (this.#tracked = {
      times: rows(feed.time),
      timeOffsetMs: feed.intervalMs,
      equity,
      isCurve: from === 0 && equity === this.#equity,
      ...(feed.instrument === 0 && { price: rows(feed.close) }),
    });
  }

  /** Everything the next close depends on; the curves behind it are output, not state. */
  save(): SimulationSnapshot {
    return {
      broker: this.broker.save(),
      tracker: this.tracker.save(),
      marks: this.#marks.slice(),
      volumes: this.#volumes.map((_, instrument) => this.volumeOf(instrument)),
    };
  }

  load(snapshot: SimulationSnapshot): void {
    this.broker.load(snapshot.broker);
    this.tracker.load(snapshot.tracker);
    this.#marks.set(snapshot.marks);
    this.#volumes.set(snapshot.volumes);
    this.#volumeFeeds.fill(undefined);
  }

  /** Goes on with the curves of a run that was cut here. */
  continueCurves(before: Simulation): void {
    this.rows = before.rows;
    this.#times = before.#times;
    this.#equity = before.#equity;
    this.#cash = before.#cash;
    this.#positions = before.#positions;
  }

  /** The last close so far; NaN before the first. */
  get lastMs(): EpochMs {
    return this.#times.last;
  }
  get times(): Float64Array {
    return this.#times.column();
  }
  get equity(): Float64Array {
    return this.#equity.subarray(0, this.rows);
  }
  get cash(): Float64Array {
    return this.#cash.column(this.rows);
  }
  get positions(): readonly Float64Array[] {
    return this.#positions.map((curve) => curve.column(this.rows));
  }

  #grow(): void {
    const grown = new Float64Array(this.#equity.length * 2);
    grown.set(this.#equity);
    this.#equity = grown;
  }
}

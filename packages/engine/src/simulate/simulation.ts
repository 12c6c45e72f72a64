import type { EpochMs } from "@qmtl/core";
import type { AccountView, Broker, BrokerSnapshot, PositionView } from "../broker/index.ts";
import type { EquityColumns, EquityTracker } from "../metrics/index.ts";
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
  #times: Float64Array;
  #equity: Float64Array;
  #cash = new StepCurve();
  #positions: readonly StepCurve[];
  readonly #marks: Float64Array;
  readonly #volumes: Float64Array;
  #tracked: EquityColumns | undefined;

  constructor(broker: Broker, tracker: EquityTracker, instruments: number, expectedRows: number) {
    this.broker = broker;
    this.tracker = tracker;
    this.#account = broker.account;
    this.#held = Array.from({ length: instruments }, (_, instrument) => broker.account.position(instrument));
    this.#marks = new Float64Array(instruments).fill(Number.NaN);
    this.#volumes = new Float64Array(instruments).fill(Number.NaN);
    const size = Math.max(16, expectedRows);
    this.#times = new Float64Array(size);
    this.#equity = new Float64Array(size);
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
    if (row === this.#times.length) this.#grow();
    const equity = this.#account.equity;
    this.#times[row] = nowMs;
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

  /** Last close; NaN before the first bar. */
  markOf(instrument: number): number {
    return this.#marks[instrument]!;
  }

  /** Volume of the last bar; NaN before the first. */
  volumeOf(instrument: number): number {
    return this.#volumes[instrument]!;
  }

  /**
   * Rows `from..to-1` of a feed that has no orders in them, as far as nothing but prices moves the account.
   *
   * @returns the row it stopped at: there `bar` … `close` have to be called
   */
  quietRows(feed: BarFeed, from: number, to: number): number {
    while (this.rows + to - from > this.#times.length) this.#grow();
    const { rows } = this;
    const { instrument, intervalMs, time } = feed;
    const end = this.broker.onQuietBars(instrument, feed, intervalMs, from, to, this.#equity, rows);
    if (end === from) return from;
    const stop = rows + end - from;
    const times = this.#times;
    // A plain loop: stretches are short.
    for (let row = rows, bar = from; row < stop; row++, bar++) times[row] = time[bar]! + intervalMs;
    this.#cash.set(rows, this.#account.cash);
    for (let each = 0; each < this.#held.length; each++) this.#positions[each]!.set(rows, this.#held[each]!.quantity);
    this.#marks[instrument] = feed.close[end - 1]!;
    this.#volumes[instrument] = feed.volume[end - 1]!;
    this.rows = stop;
    this.#track(feed, from, rows, stop);
    return end;
  }

  // Buy-and-hold is measured on the first instrument. Rows of a feed and of the run go together until rows are
  // appended or another feed joins.
  #track(feed: BarFeed, from: number, rows: number, stop: number): void {
    const { instrument } = feed;
    const isHeld = this.#held[instrument]!.quantity !== 0;
    const price = instrument === 0 ? feed.close : undefined;
    if (rows === from) {
      if (this.#tracked?.price !== price || this.#tracked?.times !== this.#times) {
        this.#tracked = { times: this.#times, equity: this.#equity, ...(price && { price }) };
      }
      return this.tracker.addRows(this.#tracked, rows, stop, isHeld);
    }
    const columns = { times: this.#times.subarray(rows, stop), equity: this.#equity.subarray(rows, stop) };
    const prices = price?.subarray(from, from + stop - rows);
    this.tracker.addRows({ ...columns, ...(prices && { price: prices }) }, 0, stop - rows, isHeld);
  }

  /** Everything the next close depends on; the curves behind it are output, not state. */
  save(): SimulationSnapshot {
    return {
      broker: this.broker.save(),
      tracker: this.tracker.save(),
      marks: this.#marks.slice(),
      volumes: this.#volumes.slice(),
    };
  }

  load(snapshot: SimulationSnapshot): void {
    this.broker.load(snapshot.broker);
    this.tracker.load(snapshot.tracker);
    this.#marks.set(snapshot.marks);
    this.#volumes.set(snapshot.volumes);
  }

  /** Goes on with the curves of a run that was cut here. */
  continueCurves(before: Simulation): void {
    this.rows = before.rows;
    this.#times = before.#times;
    this.#equity = before.#equity;
    this.#cash = before.#cash;
    this.#positions = before.#positions;
  }

  get times(): Float64Array {
    return this.#times.subarray(0, this.rows);
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
    const grown = (column: Float64Array) => {
      const next = new Float64Array(column.length * 2);
      next.set(column);
      return next;
    };
    this.#times = grown(this.#times);
    this.#equity = grown(this.#equity);
  }
}

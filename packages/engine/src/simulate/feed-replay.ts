import { targetOf, type SignTargets } from "../broker/index.ts";
import type { BarFeed } from "./simulate-columns.ts";
import type { Simulation } from "./simulation.ts";

/** What values on the rows of a feed mean. */
export interface TargetOrder {
  readonly instrument: number;
  readonly unit: "percent" | "quantity";
  /** What values stand for; absent: they are the targets. */
  readonly signTargets?: SignTargets;
  /** Where values come block by block: the closes of the feed beside them. */
  readonly closes?: Float64Array;
}

/**
 * Replays one instrument whose orders are targets on its own rows: no merging, the row is the clock. Rows that an open
 * order or an event waits for go step by step; the others are handed over many at a time, with their orders where the
 * account is plain enough.
 */
export class FeedReplay {
  readonly #simulation: Simulation;
  readonly #feed: BarFeed;
  readonly #instrument: number;
  readonly #unit: "percent" | "quantity";
  readonly #signTargets: SignTargets | undefined;
  readonly #closes: Float64Array | undefined;

  /** @param order - what its targets are for; absent: there are none */
  constructor(simulation: Simulation, feed: BarFeed, order: TargetOrder | undefined) {
    this.#simulation = simulation;
    this.#feed = feed;
    this.#instrument = order?.instrument ?? feed.instrument;
    this.#unit = order?.unit ?? "percent";
    this.#signTargets = order?.signTargets;
    this.#closes = order?.closes;
  }

  /** Rows `from..to-1` with the values that stand from `offset` on; NaN: no target, as when there is no column. */
  run(values: Float64Array | undefined, offset: number, from: number, to: number): void {
    if (values === undefined) this.#runBetweenTargets(from, to, Number.NaN);
    else if (this.#simulation.takesTargetRows) this.#runTogether(values, offset, from, to);
    else this.#runApart(values, offset, from, to);
  }

  // Bars with their targets; what the account cannot take in one go comes back row by row.
  #runTogether(values: Float64Array, offset: number, from: number, to: number): void {
    for (let start = from; start < to; start++) {
      const column = {
        values,
        offset: offset + start - from,
        unit: this.#unit,
        signTargets: this.#signTargets,
        closes: this.#closes,
      };
      const { row, barIsTaken } = this.#simulation.targetRows(this.#feed, column, start, to);
      if (row === to) return;
      const target = this.#target(values[offset + row - from]!);
      if (barIsTaken) this.#send(row, target);
      else this.#step(row, target);
      start = row;
    }
  }

  #runApart(values: Float64Array, offset: number, from: number, to: number): void {
    let settled = from;
    for (let row = from; row < to; row++) {
      const target = this.#target(values[offset + row - from]!);
      if (target !== target) continue;
      this.#runBetweenTargets(settled, row + 1, target);
      settled = row + 1;
    }
    this.#runBetweenTargets(settled, to, Number.NaN);
  }

  #target(value: number): number {
    return value === value ? targetOf(value, this.#signTargets) : value;
  }

  // `target` is sent at the close of the last row; NaN: none is.
  #runBetweenTargets(from: number, to: number, target: number): void {
    const simulation = this.#simulation;
    const sends = target === target;
    for (let row = from; row < to; row++) {
      row = simulation.quietRows(this.#feed, row, to, sends);
      if (row < to) this.#step(row, row === to - 1 ? target : Number.NaN);
      else if (sends) this.#send(to - 1, target);
    }
  }

  #step(row: number, target: number): void {
    const simulation = this.#simulation;
    const { instrument, intervalMs, time, open, high, low, close, volume } = this.#feed;
    const nowMs = time[row]! + intervalMs;
    simulation.bar(instrument, time[row]!, nowMs, open[row]!, high[row]!, low[row]!, close[row]!, volume[row]!);
    simulation.open(nowMs);
    if (target === target) this.#send(row, target);
    else simulation.close(nowMs);
  }

  #send(row: number, target: number): void {
    const nowMs = this.#feed.time[row]! + this.#feed.intervalMs;
    this.#simulation.target(this.#instrument, target, this.#unit, nowMs);
    this.#simulation.close(nowMs);
  }
}

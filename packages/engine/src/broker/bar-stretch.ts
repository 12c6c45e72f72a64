import type { IntervalMs } from "@qmtl/core";
import { Excursions } from "./excursions.ts";
import type { Ledger } from "./ledger.ts";
import type { QuietBars } from "./types.ts";

/** Takes in bars that no order and no event waits for, many at a time: the price moves the account, nothing else does. */
export class BarStretch {
  /** By instrument: start and end of the last bar; NaN before the first. */
  readonly openMs: Float64Array;
  readonly closeMs: Float64Array;
  /** By instrument: the open of that bar; NaN where it has none. */
  readonly open: Float64Array;
  /** By instrument: what positions saw of the bars that were taken in; settled by whoever took them. */
  readonly excursions: readonly Excursions[];
  readonly #ledger: Ledger;
  readonly #maintenance: number;

  constructor(ledger: Ledger, maintenanceMargin: number) {
    this.#ledger = ledger;
    this.#maintenance = maintenanceMargin;
    this.excursions = ledger.instruments.map((_, instrument) => new Excursions(ledger, instrument));
    this.openMs = new Float64Array(ledger.instruments.length).fill(NaN);
    this.closeMs = new Float64Array(ledger.instruments.length).fill(NaN);
    this.open = new Float64Array(ledger.instruments.length).fill(NaN);
  }

  /**
   * @param shift - the equity at the close of row `r` goes to `equity[r + shift]`
   * @returns the first row that is not quiet, an absent bar or a margin call; `to` when all are
   */
  take(
    instrument: number,
    bars: QuietBars,
    intervalMs: IntervalMs,
    from: number,
    to: number,
    equity: Float64Array,
    shift: number,
  ): number {
    const ledger = this.#ledger;
    const { close } = bars;
    const isHeld = ledger.quantity[instrument] !== 0;
    const row = isHeld
      ? this.#takeHeld(instrument, close, from, to, equity, shift)
      : this.#takeFlat(close, from, to, equity, shift);
    if (row === from) return from;
    this.pass(instrument, bars, from, row);
    this.end(instrument, bars, intervalMs, row);
    return row;
  }

  /** The bars `from..to-1` were quiet. */
  pass(instrument: number, bars: QuietBars, from: number, to: number): void {
    if (this.#ledger.quantity[instrument] !== 0) this.excursions[instrument]!.add(bars, from, to);
    this.count(instrument, bars, from, to);
  }

  /** The same where a position says itself what it was held over. */
  count(instrument: number, bars: QuietBars, from: number, to: number): void {
    const ledger = this.#ledger;
    ledger.bars[instrument]! += to - from;
    ledger.setMark(instrument, bars.close[to - 1]!);
  }

  /** The last bar that was passed is that before row `to`. */
  end(instrument: number, { time, open }: QuietBars, intervalMs: IntervalMs, to: number): void {
    this.open[instrument] = open[to - 1]!;
    this.openMs[instrument] = time[to - 1]!;
    this.closeMs[instrument] = time[to - 1]! + intervalMs;
  }

  #takeFlat(close: Float64Array, from: number, to: number, equity: Float64Array, shift: number): number {
    const { cash } = this.#ledger;
    let row = from;
    for (; row < to; row++) {
      const price = close[row]!;
      if (price !== price) break;
      equity[row + shift] = cash;
    }
    return row;
  }

  #takeHeld(
    instrument: number,
    close: Float64Array,
    from: number,
    to: number,
    equity: Float64Array,
    shift: number,
  ): number {
    const ledger = this.#ledger;
    const maintenance = this.#maintenance;
    const { cash } = ledger;
    const quantity = ledger.quantity[instrument]!;
    const multiplier = ledger.multiplier[instrument]!;
    const rate = ledger.rate[instrument]!;
    let row = from;
    for (; row < to; row++) {
      const value = quantity * close[row]! * multiplier * rate;
      const now = cash + value;
      // Neither a margin call nor an absent bar is quiet.
      if (!(now > 0) || now < maintenance * Math.abs(value)) break;
      equity[row + shift] = now;
    }
    return row;
  }
}

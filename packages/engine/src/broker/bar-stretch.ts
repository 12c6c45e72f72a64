import type { IntervalMs } from "@qmtl/core";
import type { Ledger } from "./ledger.ts";
import type { QuietBars } from "./types.ts";

/** Takes in bars that no order and no event waits for, many at a time: the price moves the account, nothing else does. */
export class BarStretch {
  /** By instrument: start and end of the last bar; NaN before the first. */
  readonly openMs: Float64Array;
  readonly closeMs: Float64Array;
  readonly #ledger: Ledger;
  readonly #maintenance: number;

  constructor(ledger: Ledger, maintenanceMargin: number) {
    this.#ledger = ledger;
    this.#maintenance = maintenanceMargin;
    this.openMs = new Float64Array(ledger.instruments.length).fill(NaN);
    this.closeMs = new Float64Array(ledger.instruments.length).fill(NaN);
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
    const row =
      ledger.quantity[instrument] === 0
        ? this.#takeFlat(close, from, to, equity, shift)
        : this.#takeHeld(instrument, bars, from, to, equity, shift);
    if (row === from) return from;
    ledger.bars[instrument]! += row - from;
    this.openMs[instrument] = bars.time[row - 1]!;
    this.closeMs[instrument] = bars.time[row - 1]! + intervalMs;
    ledger.setMark(instrument, close[row - 1]!);
    return row;
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
    { high, low, close }: QuietBars,
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
    let highest = -Infinity;
    let lowest = Infinity;
    let row = from;
    for (; row < to; row++) {
      const value = quantity * close[row]! * multiplier * rate;
      const now = cash + value;
      // Neither a margin call nor an absent bar is quiet.
      if (!(now > 0) || now < maintenance * Math.abs(value)) break;
      if (high[row]! > highest) highest = high[row]!;
      if (low[row]! < lowest) lowest = low[row]!;
      equity[row + shift] = now;
    }
    if (row > from) ledger.trackExcursion(instrument, highest, lowest);
    return row;
  }
}

import type { Trade, TradeOutcomes } from "./types.ts";
import { orNull } from "./order-table.ts";
import { RecordTable, type TextTable } from "./record-table.ts";
import { TradeAdder } from "./trade-sums.ts";

/** Columns of a trade row. Money in quote currency. */
export const T = {
  instrument: 0,
  direction: 1, // +1 long, -1 short
  entryMs: 2,
  exitMs: 3, // NaN: still open
  entryQuantity: 4, // sum over opening fills
  entryValue: 5, // sum of price * quantity over opening fills
  exitQuantity: 6,
  exitValue: 7,
  quantity: 8, // largest position
  fees: 9,
  cashflow: 10, // dividends, funding and borrow while it was open
  mark: 11,
  entryBar: 12,
  exitBar: 13,
  maxFavorable: 14, // -Infinity: not seen yet
  maxAdverse: 15, // Infinity: not seen yet
  tag: 16,
  multiplier: 17,
} as const;

export class TradeTable extends RecordTable {
  readonly #texts: TextTable;
  // Outcomes of trades; those before #settled are closed, as is every trade before them, and summed up.
  #settled = 0;
  #closed = new TradeAdder();
  #open = new Uint8Array(0);
  #pnls: Float64Array = new Float64Array(0);
  #returns: Float64Array = new Float64Array(0);
  #fees: Float64Array = new Float64Array(0);

  constructor(texts: TextTable) {
    super(18);
    this.#texts = texts;
  }

  instrument(index: number): number {
    return this.data[index * this.stride + T.instrument]!;
  }

  /** Widens a trade's best and worst unrealised result by a range of prices. @param size - signed units times multiplier */
  widen(index: number, size: number, average: number, high: number, low: number): void {
    const d = this.data;
    const at = index * this.stride;
    const atHigh = (high - average) * size;
    const atLow = (low - average) * size;
    const best = size > 0 ? atHigh : atLow;
    const worst = size > 0 ? atLow : atHigh;
    if (best > d[at + T.maxFavorable]!) d[at + T.maxFavorable] = best;
    if (worst < d[at + T.maxAdverse]!) d[at + T.maxAdverse] = worst;
  }

  /**
   * What trades came to, as columns: the figures of a run need no objects. `markOf` values the open ones. Closed trades
   * stay as they are, so that a run that goes on looks at the new ones only.
   */
  outcomes(markOf: (instrument: number) => number): TradeOutcomes {
    const { length, stride, data } = this;
    if (this.#pnls.length < length) this.#growOutcomes();
    const [open, pnls, returns, fees] = [this.#open, this.#pnls, this.#returns, this.#fees];
    // Up to the first trade that is open sums are kept: those after it are added again, in the order of all.
    let firstOpen = -1;
    for (let index = this.#settled, at = index * stride; index < length; index++, at += stride) {
      const exitMs = data[at + T.exitMs]!;
      if (exitMs !== exitMs) {
        if (firstOpen < 0) firstOpen = index;
        open[index] = 1;
        pnls[index] = this.#pnl(at, true, markOf(data[at + T.instrument]!));
      } else {
        open[index] = 0;
        // `#pnl` of a trade that is over
        const gained = data[at + T.exitValue]! - data[at + T.entryValue]!;
        const gross = data[at + T.direction]! * data[at + T.multiplier]! * gained;
        pnls[index] = gross - data[at + T.fees]! + data[at + T.cashflow]!;
      }
      returns[index] = pnls[index]! / Math.abs(data[at + T.entryValue]! * data[at + T.multiplier]!);
      fees[index] = data[at + T.fees]!;
    }
    const settled = firstOpen < 0 ? length : firstOpen;
    this.#closed.addRows(pnls, returns, this.#settled, settled);
    this.#settled = settled;
    const closed = this.#closed.copy();
    for (let index = this.#settled; index < length; index++) {
      if (this.#open[index] === 0) closed.add(this.#pnls[index]!, this.#returns[index]!);
    }
    return {
      open: this.#open.subarray(0, length),
      pnl: this.#pnls.subarray(0, length),
      returnFraction: this.#returns.subarray(0, length),
      fees: this.#fees.subarray(0, length),
      closed,
    };
  }

  override load(saved: readonly unknown[]): void {
    super.load(saved);
    this.#settled = 0;
    this.#closed = new TradeAdder();
  }

  #growOutcomes(): void {
    const size = Math.max(this.length, 2 * this.#pnls.length);
    const grown = (column: Float64Array) => {
      const larger = new Float64Array(size);
      larger.set(column);
      return larger;
    };
    const open = new Uint8Array(size);
    open.set(this.#open);
    this.#open = open;
    this.#pnls = grown(this.#pnls);
    this.#returns = grown(this.#returns);
    this.#fees = grown(this.#fees);
  }

  #pnl(at: number, open: boolean, mark: number): number {
    const d = this.data;
    const held = open ? d[at + T.entryQuantity]! - d[at + T.exitQuantity]! : 0;
    const gained = d[at + T.exitValue]! + held * mark - d[at + T.entryValue]!;
    const gross = d[at + T.direction]! * d[at + T.multiplier]! * gained;
    return gross - d[at + T.fees]! + d[at + T.cashflow]!;
  }

  #returnFraction(at: number, pnl: number): number {
    return pnl / Math.abs(this.data[at + T.entryValue]! * this.data[at + T.multiplier]!);
  }

  /** An open trade is valued at `markPrice` and aged to `bar`. */
  make(index: number, markPrice: number, bar: number): Trade {
    const d = this.data;
    const at = index * this.stride;
    const open = Number.isNaN(d[at + T.exitMs]!);
    const direction = d[at + T.direction]!;
    const entryQuantity = d[at + T.entryQuantity]!;
    const exitQuantity = d[at + T.exitQuantity]!;
    const mark = open ? markPrice : d[at + T.mark]!;
    const pnl = this.#pnl(at, open, mark);
    return {
      id: index + 1,
      instrument: d[at + T.instrument]!,
      direction: direction > 0 ? "long" : "short",
      entryMs: d[at + T.entryMs]!,
      exitMs: orNull(d[at + T.exitMs]!),
      entryPrice: d[at + T.entryValue]! / entryQuantity,
      exitPrice: exitQuantity > 0 ? d[at + T.exitValue]! / exitQuantity : null,
      markPrice: mark,
      quantity: d[at + T.quantity]!,
      fees: d[at + T.fees]!,
      pnl,
      returnFraction: this.#returnFraction(at, pnl),
      barsHeld: (open ? bar : d[at + T.exitBar]!) - d[at + T.entryBar]!,
      maxFavorable: finiteOrNull(d[at + T.maxFavorable]!),
      maxAdverse: finiteOrNull(d[at + T.maxAdverse]!),
      open,
      tag: this.#texts.text(d[at + T.tag]!),
    };
  }
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

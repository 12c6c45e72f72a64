import type { Trade } from "./types.ts";
import { orNull } from "./order-table.ts";
import { RecordTable, type TextTable } from "./record-table.ts";
import { TradeAdder, type TradeSums } from "./trade-sums.ts";

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
  // Trades before this are over and summed up.
  #settled = 0;
  #sums = new TradeAdder();

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

  /** What trades that are over came to. A run that goes on adds the new ones only. */
  sums(): TradeSums {
    this.#settle();
    const sums = this.#sums.copy();
    for (let index = this.#settled; index < this.length; index++) if (!this.#isOpen(index)) this.#addTo(sums, index);
    return sums;
  }

  fees(): number {
    let sum = 0;
    for (let at = T.fees; at < this.length * this.stride; at += this.stride) sum += this.data[at]!;
    return sum;
  }

  /** Lends the sums to `accountRows`: no trade but the last is open. */
  lendSums(numbers: Float64Array): void {
    this.#settle();
    this.#sums.lend(numbers);
  }

  /** Takes them back with the trades that were closed meanwhile. */
  takeSumsBack(numbers: Float64Array): void {
    const before = this.#sums.count;
    this.#sums.takeBack(numbers);
    this.#settled += this.#sums.count - before;
  }

  // Up to the first trade that is open sums are kept: those after it are added again, in the order of all.
  #settle(): void {
    for (; this.#settled < this.length && !this.#isOpen(this.#settled); this.#settled++) {
      this.#addTo(this.#sums, this.#settled);
    }
  }

  #isOpen(index: number): boolean {
    return Number.isNaN(this.data[index * this.stride + T.exitMs]!);
  }

  #addTo(sums: TradeAdder, index: number): void {
    const at = index * this.stride;
    const pnl = this.#pnl(at, false, 0);
    sums.add(pnl, this.#returnFraction(at, pnl));
  }

  override load(saved: readonly unknown[]): void {
    super.load(saved);
    this.#settled = 0;
    this.#sums = new TradeAdder();
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

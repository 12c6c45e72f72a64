import type { Ledger } from "./ledger.ts";
import { RecordTable } from "./record-table.ts";
import { E } from "./round-trips.ts";

interface Range {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/**
 * How far bars moved for and against a position. Nobody but a reader of trades asks, and the highs and lows of a
 * million bars are memory that the run need not touch: where a position is opened and closed whole, its bars are kept
 * as a range and looked at when somebody asks.
 */
export class Excursions {
  readonly #ledger: Ledger;
  readonly #instrument: number;
  readonly #later: RecordTable;
  // Whose rows the ranges are.
  #bars: Range = { high: new Float64Array(0), low: new Float64Array(0) };
  // Rows over which the position was held as it is, not looked at yet.
  #from = 0;
  #to = 0;

  constructor(ledger: Ledger, instrument: number) {
    this.#ledger = ledger;
    this.#instrument = instrument;
    this.#later = instrument === 0 ? ledger.tripRanges : new RecordTable(5);
  }

  /** The position was held over rows `from..to-1`. */
  add(bars: Range, from: number, to: number): void {
    this.setBars(bars);
    if (this.#to !== from) {
      this.settle();
      this.#from = from;
    }
    this.#to = to;
  }

  /** Looks at the rows of the position that is still held: whatever comes next counts from what they were. */
  settle(): void {
    if (this.#from === this.#to) return;
    const ledger = this.#ledger;
    const row = ledger.openTrade[this.#instrument]!;
    const size = ledger.quantity[this.#instrument]! * ledger.multiplier[this.#instrument]!;
    this.#track(row, size, ledger.averagePrice[this.#instrument]!, this.#from, this.#to);
    this.#from = this.#to = 0;
  }

  /** The position is about to be closed whole: its rows can wait. */
  postpone(): void {
    if (this.#from === this.#to) return;
    const ledger = this.#ledger;
    const at = this.#later.append();
    const { data } = this.#later;
    data[at + E.trade] = ledger.openTrade[this.#instrument]!;
    data[at + E.size] = ledger.quantity[this.#instrument]! * ledger.multiplier[this.#instrument]!;
    data[at + E.average] = ledger.averagePrice[this.#instrument]!;
    data[at + E.from] = this.#from;
    data[at + E.to] = this.#to;
    this.#from = this.#to = 0;
  }

  /** Looks at all rows that were postponed: trades are about to be read. */
  settleAll(): void {
    this.#ledger.expandTrips();
    const { data, length, stride } = this.#later;
    for (let at = 0; at < length * stride; at += stride) {
      this.#track(data[at + E.trade]!, data[at + E.size]!, data[at + E.average]!, data[at + E.from]!, data[at + E.to]!);
    }
    this.#later.length = 0;
  }

  /** Forgets everything: other trades are loaded. */
  clear(): void {
    this.#later.length = 0;
    this.#from = this.#to = 0;
  }

  /** Whose rows come from now on. */
  setBars(bars: Range): void {
    if (this.#bars.high === bars.high && this.#bars.low === bars.low) return;
    this.settle();
    this.settleAll();
    this.#bars = bars;
  }

  #track(trade: number, size: number, average: number, from: number, to: number): void {
    const { high, low } = this.#bars;
    let highest = -Infinity;
    let lowest = Infinity;
    for (let row = from; row < to; row++) {
      if (high[row]! > highest) highest = high[row]!;
      if (low[row]! < lowest) lowest = low[row]!;
    }
    this.#ledger.trades.widen(trade, size, average, highest, lowest);
  }
}

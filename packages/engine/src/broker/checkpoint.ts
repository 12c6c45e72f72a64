import type { Execution } from "./execution.ts";
import type { FillTable } from "./fill-table.ts";
import type { Ledger } from "./ledger.ts";
import type { OrderTable } from "./order-table.ts";

/**
 * Everything one instrument's fills can change, kept aside, so that a bar can be walked one way, undone, and walked
 * the other way. Orders keep their own touched rows; tables only ever grow, so their length is enough.
 */
export class Checkpoint {
  readonly #ledger: Ledger;
  readonly #orders: OrderTable;
  readonly #fills: FillTable;
  readonly #execution: Execution;
  readonly #perInstrument: readonly (Float64Array | Int32Array)[];
  readonly #values: Float64Array;
  readonly #account = new Float64Array(5);
  readonly #closed = new Float64Array(4);
  #tradeRow: Float64Array | null = null;
  #held: readonly number[] = [];
  #volumeLeft = 0;
  #lengths: readonly [fills: number, trades: number, book: number, unsettled: number, open: number] = [0, 0, 0, 0, 0];

  constructor(ledger: Ledger, orders: OrderTable, fills: FillTable, execution: Execution) {
    this.#ledger = ledger;
    this.#orders = orders;
    this.#fills = fills;
    this.#execution = execution;
    const { quantity, averagePrice, cost, realised, openTrade } = ledger;
    this.#perInstrument = [quantity, averagePrice, cost, realised, openTrade, execution.lastFillBar];
    this.#values = new Float64Array(this.#perInstrument.length);
  }

  set(instrument: number): void {
    const ledger = this.#ledger;
    const execution = this.#execution;
    this.#orders.checkpoint();
    for (const [index, column] of this.#perInstrument.entries()) this.#values[index] = column[instrument]!;
    this.#account.set([ledger.cash, ledger.deposits, ledger.realisedTotal, ledger.feesPaid, ledger.traded]);
    this.#closed.set(execution.closedBy);
    const row = ledger.openTrade[instrument]!;
    const { stride, data } = ledger.trades;
    this.#tradeRow = row < 0 ? null : data.slice(row * stride, (row + 1) * stride);
    this.#held = [...ledger.held];
    this.#volumeLeft = execution.context.volumeLeft;
    this.#lengths = [
      this.#fills.length,
      ledger.trades.length,
      execution.books[instrument]!.length,
      ledger.unsettled.length,
      execution.openOrders,
    ];
  }

  /** Puts everything back; the checkpoint stays set. */
  rollback(instrument: number): void {
    const ledger = this.#ledger;
    const execution = this.#execution;
    const [fills, trades, book, unsettled, open] = this.#lengths;
    this.#orders.rollback();
    for (const [index, column] of this.#perInstrument.entries()) column[instrument] = this.#values[index]!;
    ledger.cash = this.#account[0]!;
    ledger.deposits = this.#account[1]!;
    ledger.realisedTotal = this.#account[2]!;
    ledger.feesPaid = this.#account[3]!;
    ledger.traded = this.#account[4]!;
    execution.closedBy.set(this.#closed);
    if (this.#tradeRow) ledger.trades.data.set(this.#tradeRow, ledger.openTrade[instrument]! * ledger.trades.stride);
    ledger.held.splice(0, ledger.held.length, ...this.#held);
    execution.context.volumeLeft = this.#volumeLeft;
    this.#fills.length = fills;
    ledger.trades.length = trades;
    execution.books[instrument]!.length = book;
    ledger.unsettled.length = unsettled;
    execution.openOrders = open;
  }

  commit(): void {
    this.#orders.commit();
  }
}

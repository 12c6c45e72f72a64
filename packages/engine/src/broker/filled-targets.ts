import { F, type FillTable } from "./fill-table.ts";
import { RowPieces } from "./row-pieces.ts";
import { FILLED, GTC, MARKET, O, type OrderTable, sideName, TARGET } from "./order-table.ts";
import type { Fill, Order } from "./types.ts";

/** Columns of a row. */
export const M = {
  quantity: 0, // signed
  price: 1,
  fee: 2,
  slippage: 3, // per unit
  sizeValue: 4, // 0: the size was in units when it was sent
  submittedMs: 5,
  fillMs: 6,
  barMs: 7,
  eligibleBar: 8,
} as const;
const stride = 9;

/**
 * Market orders to targets that filled at once and whole, each with its fill: what can differ between them is nine
 * numbers, where the tables of all orders and fills hold 39. A run of a million bars makes tens of thousands of them,
 * and memory that is written for the first time costs more than filling them. They go to the tables when an order of
 * another kind comes, or a snapshot is made.
 */
export class FilledTargets extends RowPieces {
  readonly #instrument: number;
  readonly #multiplier: number;

  constructor(instrument: number, multiplier: number) {
    super(stride);
    this.#instrument = instrument;
    this.#multiplier = multiplier;
  }

  /** Moves all rows to the tables. */
  moveTo(orders: OrderTable, fills: FillTable): void {
    for (let index = 0; index < this.length; index++) this.#writeRow(index, orders, fills);
    this.clear();
  }

  #writeRow(index: number, orders: OrderTable, fills: FillTable): void {
    const m = this.pieceOf(index);
    const from = this.offsetOf(index);
    const quantity = Math.abs(m[from + M.quantity]!);
    const side = Math.sign(m[from + M.quantity]!);
    const price = m[from + M.price]!;
    const at = orders.appendOpen(this.#instrument, side, MARKET, GTC, quantity, m[from + M.submittedMs]!);
    const o = orders.data;
    o[at + O.flags] = TARGET;
    o[at + O.sizeValue] = m[from + M.sizeValue]!;
    o[at + O.eligibleMs] = m[from + M.submittedMs]!;
    o[at + O.eligibleBar] = m[from + M.eligibleBar]!;
    o[at + O.filled] = quantity;
    o[at + O.filledNotional] = quantity * price;
    o[at + O.status] = FILLED;
    o[at + O.closedMs] = m[from + M.fillMs]!;
    const fillAt = fills.append();
    const f = fills.data;
    f[fillAt + F.order] = orders.length;
    f[fillAt + F.instrument] = this.#instrument;
    f[fillAt + F.side] = side;
    f[fillAt + F.timeMs] = m[from + M.fillMs]!;
    f[fillAt + F.barTimeMs] = m[from + M.barMs]!;
    f[fillAt + F.price] = price;
    f[fillAt + F.quantity] = quantity;
    f[fillAt + F.fee] = m[from + M.fee]!;
    f[fillAt + F.slippage] = m[from + M.slippage]! * quantity * this.#multiplier;
  }

  /** @param id - what the order is called in the run */
  makeOrder(index: number, id: number): Order {
    const m = this.pieceOf(index);
    const from = this.offsetOf(index);
    const quantity = Math.abs(m[from + M.quantity]!);
    return {
      id,
      instrument: this.#instrument,
      side: sideName(m[from + M.quantity]!),
      type: "market",
      timeInForce: "GTC",
      quantity,
      filledQuantity: quantity,
      averagePrice: (quantity * m[from + M.price]!) / quantity,
      limitPrice: null,
      stopPrice: null,
      status: "filled",
      reason: null,
      submittedMs: m[from + M.submittedMs]!,
      closedMs: m[from + M.fillMs]!,
      parentId: null,
      ocoGroup: null,
      reduceOnly: false,
      tag: null,
      clientOrderId: null,
    };
  }

  /** @param orderId - of its order */
  makeFill(index: number, id: number, orderId: number): Fill {
    const m = this.pieceOf(index);
    const from = this.offsetOf(index);
    const quantity = Math.abs(m[from + M.quantity]!);
    return {
      id,
      orderId,
      instrument: this.#instrument,
      side: sideName(m[from + M.quantity]!),
      timeMs: m[from + M.fillMs]!,
      barTimeMs: m[from + M.barMs]!,
      price: m[from + M.price]!,
      quantity,
      fee: m[from + M.fee]!,
      slippage: m[from + M.slippage]! * quantity * this.#multiplier,
      liquidity: "taker",
      intrabarAmbiguous: false,
    };
  }
}

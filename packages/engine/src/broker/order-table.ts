import type { EpochMs } from "@qmtl/core";
import type { Order, OrderStatus, OrderType, Side, TimeInForce } from "./types.ts";
import { RecordTable, type TextTable } from "./record-table.ts";

/** Columns of an order row. */
export const O = {
  instrument: 0,
  side: 1, // +1 buy, -1 sell
  type: 2,
  timeInForce: 3,
  quantity: 4,
  filled: 5,
  filledNotional: 6, // sum of price * quantity
  limitPrice: 7, // NaN: none
  stopPrice: 8, // NaN: none
  status: 9,
  reason: 10,
  submittedMs: 11,
  closedMs: 12, // NaN: still open
  parent: 13, // order id, 0: none
  ocoGroup: 14, // text; -n: the bracket of order n
  flags: 15,
  tag: 16,
  clientOrderId: 17,
  eligibleMs: 18, // takes part in bars that open at or after this
  eligibleBar: 19, // and from this bar of its instrument on
  expireMs: 20, // Infinity: never
  trailAmount: 21,
  trailPercent: 22,
  trailMark: 23, // best price seen since the order is live
  stopLoss: 24,
  takeProfit: 25,
  sizeKind: 26,
  sizeValue: 27,
} as const;
const stride = 28;

export const orderTypes = [
  "market",
  "limit",
  "stop",
  "stop_limit",
  "trailing_stop",
  "market_on_open",
  "market_on_close",
] as const satisfies readonly OrderType[];
export const timesInForce = ["GTC", "DAY", "GTD", "IOC", "FOK"] as const satisfies readonly TimeInForce[];
const orderStatuses = [
  "open",
  "partially_filled",
  "filled",
  "cancelled",
  "rejected",
  "expired",
  "pending_parent",
] as const satisfies readonly OrderStatus[];

export const MARKET = 0;
export const LIMIT = 1;
export const STOP = 2;
export const STOP_LIMIT = 3;
export const TRAILING_STOP = 4;
export const MARKET_ON_OPEN = 5;
export const MARKET_ON_CLOSE = 6;

export const GTC = 0;
export const DAY = 1;
export const GTD = 2;
export const IOC = 3;
export const FOK = 4;

export const OPEN = 0;
export const PARTIALLY_FILLED = 1;
export const FILLED = 2;
export const CANCELLED = 3;
export const REJECTED = 4;
export const EXPIRED = 5;
export const PENDING_PARENT = 6;

export const POST_ONLY = 1;
export const REDUCE_ONLY = 2;
export const TRIGGERED = 4; // a stop whose price was seen
export const TARGET = 8; // made from a target: a newer target replaces it
export const BRACKET_EXIT = 16;
export const PARENT = 32; // other orders wait for it
export const SHARE = 128; // sized as a share of what the account has
export const SEEN = 64; // a bar has opened since it is live: from now on it rests

/** How the quantity is worked out; anything but units waits for the fill when `sizing` says so. */
export const SIZE_UNITS = 0;
export const SIZE_VALUE = 1;
export const SIZE_PERCENT = 2;
export const SIZE_TARGET_PERCENT = 3;
export const SIZE_ALL = 4;

/** All orders of a run, in order of acceptance; order id `n` is row `n - 1`. */
export class OrderTable extends RecordTable {
  readonly #texts: TextTable;
  #kept: Map<number, Float64Array> | null = null;
  #keptLength = 0;

  constructor(texts: TextTable) {
    super(stride);
    this.#texts = texts;
  }

  /** Appends an open order that nothing is known of but this; returns the offset of its row. */
  appendOpen(
    instrument: number,
    side: number,
    type: number,
    timeInForce: number,
    quantity: number,
    submittedMs: EpochMs,
  ): number {
    const at = this.append();
    const d = this.data;
    d[at + O.instrument] = instrument;
    d[at + O.side] = side;
    d[at + O.type] = type;
    d[at + O.timeInForce] = timeInForce;
    d[at + O.quantity] = quantity;
    d[at + O.limitPrice] = NaN;
    d[at + O.stopPrice] = NaN;
    d[at + O.stopLoss] = NaN;
    d[at + O.takeProfit] = NaN;
    d[at + O.closedMs] = NaN;
    d[at + O.expireMs] = Infinity;
    d[at + O.submittedMs] = submittedMs;
    return at;
  }

  /** Offset of an order's row in `data`. */
  offset(id: number): number {
    return (id - 1) * stride;
  }

  /** Keeps the row as it is now, when a checkpoint is set, so that it can be put back. */
  touch(id: number): void {
    if (this.#kept === null || this.#kept.has(id)) return;
    const at = this.offset(id);
    if (at >= this.#keptLength * stride) return;
    this.#kept.set(id, this.data.slice(at, at + stride));
  }

  checkpoint(): void {
    this.#kept = new Map();
    this.#keptLength = this.length;
  }

  /** Undoes every change since the checkpoint; the checkpoint stays set. */
  rollback(): void {
    for (const [id, row] of this.#kept!) this.data.set(row, this.offset(id));
    this.#kept!.clear();
    this.length = this.#keptLength;
  }

  commit(): void {
    this.#kept = null;
  }

  isOpen(id: number): boolean {
    const status = this.data[this.offset(id) + O.status]!;
    return status === OPEN || status === PARTIALLY_FILLED || status === PENDING_PARENT;
  }

  remaining(id: number): number {
    const at = this.offset(id);
    return this.data[at + O.quantity]! - this.data[at + O.filled]!;
  }

  make(index: number): Order {
    const d = this.data;
    const at = index * stride;
    const filled = d[at + O.filled]!;
    return {
      id: index + 1,
      instrument: d[at + O.instrument]!,
      side: sideName(d[at + O.side]!),
      type: orderTypes[d[at + O.type]!]!,
      timeInForce: timesInForce[d[at + O.timeInForce]!]!,
      quantity: d[at + O.quantity]!,
      filledQuantity: filled,
      averagePrice: filled > 0 ? d[at + O.filledNotional]! / filled : null,
      limitPrice: orNull(d[at + O.limitPrice]!),
      stopPrice: orNull(d[at + O.stopPrice]!),
      status: orderStatuses[d[at + O.status]!]!,
      reason: this.#texts.text(d[at + O.reason]!),
      submittedMs: d[at + O.submittedMs]!,
      closedMs: orNull(d[at + O.closedMs]!),
      parentId: d[at + O.parent]! || null,
      ocoGroup: this.#groupName(d[at + O.ocoGroup]!),
      reduceOnly: (d[at + O.flags]! & REDUCE_ONLY) !== 0,
      tag: this.#texts.text(d[at + O.tag]!),
      clientOrderId: this.#texts.text(d[at + O.clientOrderId]!),
    };
  }

  #groupName(group: number): string | null {
    return group < 0 ? `bracket of order ${-group}` : this.#texts.text(group);
  }
}

export function sideName(sign: number): Side {
  return sign > 0 ? "BUY" : "SELL";
}

export function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

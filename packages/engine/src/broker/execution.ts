import type { EpochMs } from "@qmtl/core";
import { sessionEndAfter, tradingDaysLater } from "../instrument/index.ts";
import { F, type FillTable } from "./fill-table.ts";
import type { Funds } from "./funds.ts";
import type { Ledger } from "./ledger.ts";
import type { BrokerOptions } from "./options.ts";
import {
  BRACKET_EXIT,
  CANCELLED,
  EXPIRED,
  FILLED,
  FOK,
  GTC,
  IOC,
  LIMIT,
  MARKET,
  MARKET_ON_CLOSE,
  MARKET_ON_OPEN,
  O,
  OPEN,
  type OrderTable,
  PARTIALLY_FILLED,
  PARENT,
  PENDING_PARENT,
  REDUCE_ONLY,
  REJECTED,
  SHARE,
  SIZE_TARGET_PERCENT,
  SIZE_UNITS,
  STOP,
  STOP_LIMIT,
  TARGET,
} from "./order-table.ts";
import type { TextTable } from "./record-table.ts";
import { slippedPrice } from "./slippage.ts";

/** Where and how a fill happens: set by whoever walks a bar, read by every fill of it. */
export interface FillContext {
  barTimeMs: number;
  timeMs: number;
  volume: number;
  high: number;
  low: number;
  /** Units that orders may still take out of this bar; Infinity: no bound. */
  volumeLeft: number;
}

// What adds less than this share to a position adds nothing.
const dust = 1e-9;

/** Turns a triggered order into a fill: size, slippage, fees, funds, and what follows from it. */
export class Execution {
  readonly context: FillContext = {
    barTimeMs: NaN,
    timeMs: NaN,
    volume: NaN,
    high: NaN,
    low: NaN,
    volumeLeft: Infinity,
  };
  /** Open order ids by instrument, in order of acceptance; closed ones are dropped at the next sweep. */
  readonly books: number[][];
  openOrders = 0;
  /** The bar, counted from 1, of each instrument's newest fill inside a bar. */
  readonly lastFillBar: Float64Array;
  /** Orders closed so far by how: filled, cancelled, rejected, expired. */
  readonly closedBy = new Float64Array(4);

  readonly #options: BrokerOptions;
  /** What closes a position and what opens one are fills of their own. */
  readonly #parts: boolean;
  readonly #ledger: Ledger;
  readonly #funds: Funds;
  readonly #orders: OrderTable;
  readonly #fills: FillTable;
  readonly #texts: TextTable;

  constructor(
    options: BrokerOptions,
    ledger: Ledger,
    funds: Funds,
    orders: OrderTable,
    fills: FillTable,
    texts: TextTable,
  ) {
    this.#options = options;
    this.#parts = !fillsInOne(options);
    this.#ledger = ledger;
    this.#funds = funds;
    this.#orders = orders;
    this.#fills = fills;
    this.#texts = texts;
    this.books = ledger.instruments.map(() => []);
    this.lastFillBar = new Float64Array(ledger.instruments.length);
  }

  /**
   * Fills as much of an order as size, volume and money allow.
   *
   * @param basePrice - where the market is, before slippage
   * @param maker - the order rested in the book: maker fee, and no slippage unless `slippageOn` says so
   * @returns units filled; 0 leaves the order as it is, or closes it when it never can fill
   */
  fill(id: number, basePrice: number, maker: boolean): number {
    const orders = this.#orders;
    const ledger = this.#ledger;
    orders.touch(id);
    const at = orders.offset(id);
    const d = orders.data;
    const instrument = d[at + O.instrument]!;
    const lot = ledger.lots[instrument]!;
    const freely = this.#isFreeShort(at);
    if (d[at + O.sizeKind] !== SIZE_UNITS && d[at + O.filled] === 0) this.#sizeAtFill(id, basePrice);
    if (!orders.isOpen(id)) return 0;
    const side = d[at + O.side]!;
    const held = ledger.quantity[instrument]!;
    const closable = held * side < 0 ? Math.abs(held) : 0;
    let quantity = d[at + O.filled] === 0 ? d[at + O.quantity]! : lot.round(d[at + O.quantity]! - d[at + O.filled]!);
    if ((d[at + O.flags]! & REDUCE_ONLY) !== 0 && quantity > closable) {
      if (closable === 0) {
        this.close(id, CANCELLED, "nothing left to reduce");
        return 0;
      }
      d[at + O.quantity] = d[at + O.filled]! + closable;
      quantity = closable;
    }
    if (side < 0 && quantity > closable && !this.#options.shorting) {
      if (closable === 0) {
        this.close(id, REJECTED, "short positions are off");
        return 0;
      }
      d[at + O.quantity] = d[at + O.filled]! + closable;
      quantity = closable;
    }
    if (quantity === Infinity) {
      // What all of the money buys depends on the price after slippage, and that by volume on what is bought.
      const about = this.#funds.affordable(instrument, side, quantity, closable, basePrice, maker);
      const price = this.#priceOf(id, basePrice, about, maker);
      quantity = this.#funds.affordable(instrument, side, quantity, closable, price, maker);
      if (!(quantity > this.#dustOf(at, held))) {
        this.close(id, REJECTED, "not enough buying power");
        return 0;
      }
      d[at + O.quantity] = quantity;
    }
    const wanted = quantity;
    if (quantity > this.context.volumeLeft) quantity = lot.floor(this.context.volumeLeft);
    if (quantity <= 0) return 0;
    if (this.#parts && closable > 0 && quantity > closable) {
      // What closes the position is a fill of its own, without slippage.
      this.#book(id, instrument, side, closable, basePrice, 0, maker);
      return closable + (orders.isOpen(id) ? this.fill(id, basePrice, maker) : 0);
    }
    const price = this.#parts && closable > 0 ? basePrice : this.#priceOf(id, basePrice, quantity, maker);
    if (quantity > closable && !freely) {
      // Where fees need margin they count, as in the size of a share, before slippage.
      const feePrice = this.#options.percentOf === "buying_power" ? basePrice : price;
      const affordable = this.#funds.affordable(instrument, side, quantity, closable, price, maker, 1, feePrice);
      if (affordable < quantity) {
        // What closes the position goes through either way; the rest is cut, or refused.
        const granted = this.#options.insufficientFunds === "reject" ? closable : affordable;
        if (!(granted > this.#dustOf(at, held))) {
          if (this.#parts && d[at + O.filled]! > 0) {
            d[at + O.quantity] = d[at + O.filled]!;
            this.close(id, FILLED, null);
            return 0;
          }
          // A target that money cannot bring nearer is reached as far as it goes: nothing was refused.
          const near = (d[at + O.flags]! & TARGET) !== 0 && held * side > 0;
          if (near) this.close(id, CANCELLED, "as near to the target as money allows");
          else this.close(id, REJECTED, "not enough buying power");
          return 0;
        }
        if (d[at + O.timeInForce] !== FOK) d[at + O.quantity] = d[at + O.filled]! + granted;
        quantity = granted;
      }
    }
    if (d[at + O.timeInForce] === FOK && quantity < wanted) {
      this.close(id, EXPIRED, "could not be filled whole");
      return 0;
    }
    this.#book(id, instrument, side, quantity, price, Math.abs(price - basePrice), maker);
    return quantity;
  }

  /** Fills from here on are at a close: no bar bounds their volume or their price. */
  atClose(timeMs: EpochMs): void {
    const { context } = this;
    context.timeMs = timeMs;
    context.volume = NaN;
    context.volumeLeft = Infinity;
    context.high = Infinity;
    context.low = -Infinity;
  }

  close(id: number, status: number, reason: string | null): void {
    const orders = this.#orders;
    orders.touch(id);
    const at = orders.offset(id);
    const d = orders.data;
    d[at + O.status] = status;
    d[at + O.reason] = this.#texts.id(reason);
    d[at + O.closedMs] = this.context.timeMs;
    this.openOrders--;
    this.closedBy[status - FILLED]!++;
    if (this.#options.ocoEnd === "any" && status !== FILLED && d[at + O.ocoGroup] !== 0) {
      this.#eachOpen((other) => {
        // An order that has filled in part is what ended the others.
        const row = orders.offset(other);
        const ends = d[row + O.ocoGroup] === d[at + O.ocoGroup] && d[row + O.filled] === 0;
        if (ends) this.close(other, CANCELLED, "another order of its group ended");
      });
    }
    if (status !== FILLED && d[at + O.filled] === 0 && (d[at + O.flags]! & PARENT) !== 0) {
      this.#eachOpen((child) => {
        if (orders.data[orders.offset(child) + O.parent] === id)
          this.close(child, CANCELLED, "its parent did not fill");
      });
    }
  }

  /** What an immediate order leaves unfilled is gone. */
  expireImmediate(id: number): void {
    const timeInForce = this.#orders.data[this.#orders.offset(id) + O.timeInForce]!;
    if ((timeInForce === IOC || timeInForce === FOK) && this.#orders.isOpen(id)) {
      this.close(id, EXPIRED, timeInForce === IOC ? "not filled at once" : "could not be filled whole");
    }
  }

  /** Drops closed orders from an instrument's book. */
  sweep(instrument: number): void {
    const book = this.books[instrument]!;
    let kept = 0;
    for (let index = 0; index < book.length; index++) {
      const id = book[index]!;
      if (this.#orders.isOpen(id)) book[kept++] = id;
    }
    while (book.length > kept) book.pop(); // setting the length of an array is slow
  }

  // Of the last cash of a full position nothing can be bought but what rounding left of it.
  #dustOf(at: number, held: number): number {
    const d = this.#orders.data;
    const adds = held * d[at + O.side]! > 0 && (d[at + O.flags]! & TARGET) === 0;
    return adds ? dust * Math.abs(held) : 0;
  }

  // A sale of units or of an amount of money that margin does not bound.
  #isFreeShort(at: number): boolean {
    const d = this.#orders.data;
    return this.#options.shortSales === "free" && d[at + O.side]! < 0 && (d[at + O.flags]! & (TARGET | SHARE)) === 0;
  }

  // After slippage: never beyond an order's own limit, except for entries that always pay it.
  #priceOf(id: number, basePrice: number, quantity: number, maker: boolean): number {
    const { slippage, slippageOn } = this.#options;
    const d = this.#orders.data;
    const at = this.#orders.offset(id);
    const type = d[at + O.type]!;
    const side = d[at + O.side]!;
    const limit = type === LIMIT || type === STOP_LIMIT ? d[at + O.limitPrice]! : NaN;
    const tick = this.#ledger.ticks[d[at + O.instrument]!]!;
    let price = slippedPrice(slippage, tick, basePrice, side, quantity, this.context.volume);
    if (slippageOn === "entries" || price === basePrice) return price;
    if (slippageOn === "takers" && maker) return basePrice;
    if (slippageOn === "market" && type !== MARKET && type !== MARKET_ON_OPEN && type !== MARKET_ON_CLOSE)
      return basePrice;
    if (slippageOn === "within_bar") {
      if (maker && basePrice === limit) return basePrice;
      if (side > 0) price = Math.min(price, this.context.high);
      // A sell limit is bounded by its own price alone: so backtrader has it.
      else if (type !== LIMIT) price = Math.max(price, this.context.low);
    }
    if (side > 0) return price > limit ? Math.max(limit, basePrice) : price;
    return price < limit ? Math.min(limit, basePrice) : price;
  }

  #sizeAtFill(id: number, price: number): void {
    const ledger = this.#ledger;
    const d = this.#orders.data;
    const at = this.#orders.offset(id);
    const instrument = d[at + O.instrument]!;
    const signed = this.#funds.unitsFor(instrument, d[at + O.side]!, d[at + O.sizeKind]!, d[at + O.sizeValue]!, price);
    const quantity = ledger.lots[instrument]!.floor(Math.abs(signed));
    if (!(quantity > this.#dustOf(at, ledger.quantity[instrument]!))) {
      if (d[at + O.sizeKind] === SIZE_TARGET_PERCENT) this.close(id, CANCELLED, "already at the target");
      else this.close(id, REJECTED, "smaller than one lot");
      return;
    }
    d[at + O.side] = Math.sign(signed);
    d[at + O.quantity] = quantity;
    d[at + O.sizeKind] = SIZE_UNITS;
  }

  #book(
    id: number,
    instrument: number,
    side: number,
    quantity: number,
    price: number,
    slipPerUnit: number,
    maker: boolean,
  ): void {
    const orders = this.#orders;
    const ledger = this.#ledger;
    const { context } = this;
    const fee = this.#funds.feeFor(instrument, quantity, price, maker);
    const fillAt = this.#fills.append();
    const f = this.#fills.data;
    f[fillAt + F.order] = id;
    f[fillAt + F.instrument] = instrument;
    f[fillAt + F.side] = side;
    f[fillAt + F.timeMs] = context.timeMs;
    f[fillAt + F.barTimeMs] = context.barTimeMs;
    f[fillAt + F.price] = price;
    f[fillAt + F.quantity] = quantity;
    f[fillAt + F.fee] = fee;
    f[fillAt + F.slippage] = slipPerUnit * quantity * ledger.multiplier[instrument]!;
    f[fillAt + F.maker] = maker ? 1 : 0;
    context.volumeLeft -= quantity;
    this.lastFillBar[instrument] = ledger.bars[instrument]!;

    const at = orders.offset(id);
    const d = orders.data;
    const before = ledger.quantity[instrument]!;
    ledger.applyFill(instrument, side * quantity, price, fee, context.timeMs, d[at + O.tag]!);
    if (side < 0 && before > 0 && this.#options.settlementDays > 0) {
      const { calendar } = ledger.instruments[instrument]!;
      const tradeDay = sessionEndAfter(calendar, context.barTimeMs) - 1;
      const amount = quantity * price * ledger.multiplier[instrument]! * ledger.rate[instrument]!;
      ledger.unsettled.push(tradingDaysLater(calendar, tradeDay, this.#options.settlementDays), amount);
    }
    d[at + O.filled]! += quantity;
    d[at + O.filledNotional]! += quantity * price;
    const left = ledger.lots[instrument]!.round(d[at + O.quantity]! - d[at + O.filled]!);
    if (left > d[at + O.quantity]! * 1e-12) d[at + O.status] = PARTIALLY_FILLED;
    else this.close(id, FILLED, null);
    if (d[at + O.ocoGroup] !== 0) this.#oneCancelsOther(id, at, quantity);
    if ((d[at + O.flags]! & PARENT) !== 0) this.#activateChildren(id);
    const after = ledger.quantity[instrument]!;
    if (before !== 0 && after * before <= 0) this.#cancelBracketExits(instrument, id);
    if (!Number.isNaN(d[at + O.stopLoss]!) || !Number.isNaN(d[at + O.takeProfit]!)) this.#bracket(id, quantity);
  }

  // The first fill cancels the group. Exits of a bracket share one position: part of one leaves less for the other, so
  // that what is still held stays protected.
  #oneCancelsOther(filled: number, at: number, quantity: number): void {
    const orders = this.#orders;
    const group = orders.data[at + O.ocoGroup]!;
    const partOfBracket = (orders.data[at + O.flags]! & BRACKET_EXIT) !== 0 && orders.isOpen(filled);
    this.#eachOpen((id) => {
      const other = orders.offset(id);
      if (id === filled || orders.data[other + O.ocoGroup] !== group) return;
      if (partOfBracket) {
        orders.touch(id);
        orders.data[other + O.quantity]! -= quantity;
      } else this.close(id, CANCELLED, "another order of its group filled");
    });
  }

  #activateChildren(parent: number): void {
    const orders = this.#orders;
    this.#eachOpen((id) => {
      const at = orders.offset(id);
      if (orders.data[at + O.parent] !== parent || orders.data[at + O.status] !== PENDING_PARENT) return;
      orders.touch(id);
      orders.data[at + O.status] = OPEN;
      this.#eligibleFrom(at, orders.offset(parent));
    });
  }

  #cancelBracketExits(instrument: number, filled: number): void {
    const orders = this.#orders;
    const book = this.books[instrument]!;
    for (let index = 0; index < book.length; index++) {
      const id = book[index]!;
      if (id === filled || !orders.isOpen(id)) continue;
      if ((orders.data[orders.offset(id) + O.flags]! & BRACKET_EXIT) !== 0)
        this.close(id, CANCELLED, "position closed");
    }
  }

  // Exits grow with what their parent has filled so far; the first fill makes them.
  #bracket(parent: number, filled: number): void {
    const orders = this.#orders;
    const at = orders.offset(parent);
    const instrument = orders.data[at + O.instrument]!;
    const side = orders.data[at + O.side]!;
    let grown = false;
    for (const id of this.books[instrument]!) {
      const child = orders.offset(id);
      if (orders.data[child + O.parent] !== parent || (orders.data[child + O.flags]! & BRACKET_EXIT) === 0) continue;
      if (!orders.isOpen(id)) continue;
      orders.touch(id);
      orders.data[child + O.quantity]! += filled;
      grown = true;
    }
    if (grown) return;
    const group = -parent; // no text of its own: see OrderTable.make
    const { stopLoss, takeProfit } = {
      stopLoss: orders.data[at + O.stopLoss]!,
      takeProfit: orders.data[at + O.takeProfit]!,
    };
    if (!Number.isNaN(stopLoss)) this.#exit(parent, instrument, -side, filled, STOP, NaN, stopLoss, group);
    if (!Number.isNaN(takeProfit)) this.#exit(parent, instrument, -side, filled, LIMIT, takeProfit, NaN, group);
  }

  #exit(
    parent: number,
    instrument: number,
    side: number,
    quantity: number,
    type: number,
    limitPrice: number,
    stopPrice: number,
    group: number,
  ): void {
    const at = this.newOrder(instrument, side, type, GTC, quantity);
    const d = this.#orders.data;
    d[at + O.limitPrice] = limitPrice;
    d[at + O.stopPrice] = stopPrice;
    d[at + O.parent] = parent;
    d[at + O.ocoGroup] = group;
    d[at + O.flags] = REDUCE_ONLY | BRACKET_EXIT;
    d[at + O.tag] = d[this.#orders.offset(parent) + O.tag]!;
    this.#eligibleFrom(at, this.#orders.offset(parent));
  }

  /** Appends an open order and puts it in its book; returns the offset of its row. */
  newOrder(instrument: number, side: number, type: number, timeInForce: number, quantity: number): number {
    const at = this.#orders.appendOpen(instrument, side, type, timeInForce, quantity, this.context.timeMs);
    this.books[instrument]!.push(this.#orders.length);
    this.openOrders++;
    return at;
  }

  // Orders born of a fill: live from the moment of that fill on, or from the next bar.
  #eligibleFrom(at: number, parent: number): void {
    const d = this.#orders.data;
    const instrument = d[at + O.instrument]!;
    const bar = this.#ledger.bars[instrument]!;
    // Another instrument's bar of the same time may lie before this fill: its order waits for the next one.
    const sameInstrument = d[parent + O.instrument] === instrument;
    const sameBar = sameInstrument && d[at + O.type] !== MARKET && this.#activeAtOnce(at, parent);
    d[at + O.eligibleMs] = sameBar ? this.context.barTimeMs : this.context.timeMs;
    d[at + O.eligibleBar] = sameBar ? bar : bar + 1;
  }

  // "unambiguous": after a fill at the open the whole bar is still to come; after a stop entry inside the bar the price
  // goes on in its direction, so a take-profit beyond it was reached, unless the stop-loss was in reach as well.
  #activeAtOnce(at: number, parent: number): boolean {
    const { bracketActivation } = this.#options;
    if (bracketActivation !== "unambiguous") return bracketActivation === "same_bar";
    const d = this.#orders.data;
    const { timeMs, barTimeMs, high, low } = this.context;
    if (d[parent + O.type] === MARKET) return timeMs === barTimeMs;
    if (d[parent + O.type] !== STOP || d[at + O.type] !== LIMIT) return false;
    const stopLoss = d[parent + O.stopLoss]!;
    return !(d[parent + O.side]! > 0 ? low <= stopLoss : high >= stopLoss);
  }

  /** A split changes what open orders mean: more units, lower prices, the same money. */
  applySplit(instrument: number, ratio: number): void {
    const d = this.#orders.data;
    for (const id of this.books[instrument]!) {
      const at = this.#orders.offset(id);
      d[at + O.quantity] = this.#ledger.lots[instrument]!.floor(d[at + O.quantity]! * ratio);
      d[at + O.filled]! *= ratio;
      for (const column of [O.limitPrice, O.stopPrice, O.stopLoss, O.takeProfit, O.trailAmount, O.trailMark]) {
        d[at + column]! /= ratio;
      }
    }
  }

  /** Whether an order as it stands could be paid for at `price`. */
  canPay(id: number, price: number): boolean {
    const d = this.#orders.data;
    const at = this.#orders.offset(id);
    const instrument = d[at + O.instrument]!;
    const side = d[at + O.side]!;
    const held = this.#ledger.quantity[instrument]!;
    const closable = held * side < 0 ? Math.abs(held) : 0;
    const quantity = d[at + O.quantity]!;
    return (
      quantity <= closable || this.#funds.affordable(instrument, side, quantity, closable, price, false) >= quantity
    );
  }

  #eachOpen(visit: (id: number) => void): void {
    for (const book of this.books) for (const id of book) if (this.#orders.isOpen(id)) visit(id);
  }
}

/** Whether an order that reverses a position is one fill: closing and opening cost the same by unit. */
export function fillsInOne({ slippageOn, slippage, fees }: BrokerOptions): boolean {
  if (slippageOn !== "entries") return true;
  const plainFee =
    fees.kind === "none" || (fees.kind === "percent" && fees.minimum === undefined && fees.maximum === undefined);
  return slippage.kind === "none" && plainFee;
}

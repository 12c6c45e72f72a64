import { Checkpoint } from "./checkpoint.ts";
import type { Execution } from "./execution.ts";
import { F, type FillTable } from "./fill-table.ts";
import type { Ledger } from "./ledger.ts";
import type { BrokerOptions } from "./options.ts";
import {
  EXPIRED,
  FOK,
  IOC,
  LIMIT,
  MARKET,
  MARKET_ON_CLOSE,
  MARKET_ON_OPEN,
  O,
  OPEN,
  type OrderTable,
  PARENT,
  PARTIALLY_FILLED,
  POST_ONLY,
  REDUCE_ONLY,
  REJECTED,
  SEEN,
  STOP,
  STOP_LIMIT,
  TARGET,
  TRAILING_STOP,
  TRIGGERED,
} from "./order-table.ts";

/** Walks one bar of one instrument along its price path and fills the orders it meets. */
export class Matcher {
  /** Fills that the other order of high and low would have changed. */
  ambiguousFills = 0;
  /** Bars in which that happened. */
  ambiguousBars = 0;

  readonly #options: BrokerOptions;
  readonly #ledger: Ledger;
  readonly #orders: OrderTable;
  readonly #fills: FillTable;
  readonly #execution: Execution;
  readonly #checkpoint: Checkpoint;
  readonly #path = new Float64Array(4);
  // Orders that came to nothing are not asked again on the same way through the bar.
  readonly #tried = new Set<number>();
  #openMs = NaN;
  #closeMs = NaN;
  #price = NaN; // where the order that #next found triggers
  #resting = false; // and whether it had rested in the book
  #priceIsOpen = false; // and, without a path, whether that is the open

  constructor(options: BrokerOptions, ledger: Ledger, orders: OrderTable, fills: FillTable, execution: Execution) {
    this.#options = options;
    this.#ledger = ledger;
    this.#orders = orders;
    this.#fills = fills;
    this.#execution = execution;
    this.#checkpoint = new Checkpoint(ledger, orders, fills, execution);
  }

  /** @param finer - prices inside the bar in order of time, when they are known; null: only open, high, low, close */
  run(
    instrument: number,
    openMs: number,
    closeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    finer: ArrayLike<number> | null,
  ): void {
    const { context } = this.#execution;
    const share = this.#options.volumeShareMax;
    this.#openMs = openMs;
    this.#closeMs = closeMs;
    context.barTimeMs = openMs;
    context.timeMs = openMs;
    context.volume = volume;
    context.high = high;
    context.low = low;
    context.volumeLeft = share === null ? Infinity : volume > 0 ? volume * share : 0;
    this.#expire(instrument);
    if (finer === null && this.#options.intrabarPath === "none") {
      this.#withoutPath(instrument, open, high, low, close);
      context.timeMs = closeMs;
    } else {
      this.#atOpen(instrument, open);
      this.#afterOpen(instrument, open);
      context.timeMs = closeMs;
      this.#execution.sweep(instrument);
      if (this.#execution.books[instrument]!.length === 0) return;
      if (finer !== null) this.#walk(instrument, open, finer, finer.length);
      else this.#inside(instrument, open, high, low, close);
    }
    this.#atClose(instrument, close);
    this.#execution.sweep(instrument);
  }

  /** Fills the market orders sent at `nowMs` at the close of that very time. */
  sameClose(instrument: number, nowMs: number, close: number, barTimeMs: number): void {
    this.#execution.atClose(nowMs);
    this.#execution.context.barTimeMs = barTimeMs;
    const book = this.#execution.books[instrument]!;
    for (let index = 0; index < book.length; index++) {
      const id = book[index]!;
      const at = this.#orders.offset(id);
      const d = this.#orders.data;
      if (d[at + O.type] !== MARKET || d[at + O.submittedMs] !== nowMs || !this.#isLive(at)) continue;
      if (this.#isSecond(at)) {
        this.#execution.close(id, REJECTED, "another order filled in this bar");
        continue;
      }
      this.#execution.fill(id, close, false);
      this.#execution.expireImmediate(id);
    }
    this.#execution.sweep(instrument);
  }

  /** Fills what is live at the last close, of the market types: the data ends here. */
  fillAllAtClose(instrument: number, nowMs: number, close: number): void {
    this.#execution.atClose(nowMs);
    for (const id of this.#execution.books[instrument]!) {
      const at = this.#orders.offset(id);
      const type = this.#orders.data[at + O.type];
      if (type === MARKET || type === MARKET_ON_OPEN || type === MARKET_ON_CLOSE) {
        if (this.#isLive(at)) this.#execution.fill(id, close, false);
      }
    }
    this.#execution.sweep(instrument);
  }

  #expire(instrument: number): void {
    for (const id of this.#execution.books[instrument]!) {
      if (this.#orders.data[this.#orders.offset(id) + O.expireMs]! <= this.#openMs && this.#orders.isOpen(id)) {
        this.#execution.close(id, EXPIRED, "time in force ended");
      }
    }
  }

  #atOpen(instrument: number, open: number): void {
    if (this.#tried.size > 0) this.#tried.clear();
    for (let id = this.#next(instrument, open, open, true); id !== 0; id = this.#next(instrument, open, open, true)) {
      this.#meet(id);
    }
  }

  #afterOpen(instrument: number, open: number): void {
    for (const id of this.#execution.books[instrument]!) {
      const at = this.#orders.offset(id);
      if (!this.#takesPart(at)) continue;
      const d = this.#orders.data;
      d[at + O.flags] = d[at + O.flags]! | SEEN;
      if (this.#options.trailMark === "high" && this.#options.intrabarPath !== "none") this.#trail(at, open);
      const timeInForce = d[at + O.timeInForce]!;
      if ((timeInForce === IOC || timeInForce === FOK) && !this.#fillsAtClose(at)) this.#execution.expireImmediate(id);
    }
  }

  #atClose(instrument: number, close: number): void {
    for (const id of this.#execution.books[instrument]!) {
      const at = this.#orders.offset(id);
      if (this.#fillsAtClose(at) && this.#isLive(at)) {
        const onClose = this.#orders.data[at + O.type] === MARKET_ON_CLOSE;
        if (onClose ? this.#orders.data[at + O.eligibleMs]! <= this.#closeMs : this.#takesPart(at)) {
          this.#execution.fill(id, close, false);
          this.#execution.expireImmediate(id);
        }
      }
      if (this.#takesPart(at)) this.#trail(at, close);
    }
  }

  #inside(instrument: number, open: number, high: number, low: number, close: number): void {
    const reach = this.#reach(instrument, high, low, false);
    const { intrabarPath } = this.#options;
    const highFirst = intrabarPath === "ohlc" || (intrabarPath !== "olhc" && close < open);
    if (reach !== undecided) {
      if (reach === plain) this.#walkBar(instrument, open, high, low, close, highFirst);
      else this.#trailAll(instrument, high, low);
      return;
    }
    const preferred = intrabarPath === "pessimistic" ? -1 : intrabarPath === "optimistic" ? 1 : 0;
    const first = this.#fills.length * this.#fills.stride;
    this.#checkpoint.set(instrument);
    this.#walkBar(instrument, open, high, low, close, !highFirst);
    const otherEquity = this.#ledger.equityAt(instrument, close);
    let unchosen = this.#fillsFrom(first);
    this.#checkpoint.rollback(instrument);
    this.#walkBar(instrument, open, high, low, close, highFirst);
    const equity = this.#ledger.equityAt(instrument, close);
    const decided = isOther(equity, otherEquity);
    if (decided && Math.sign(otherEquity - equity) === preferred) {
      unchosen = this.#fillsFrom(first);
      this.#checkpoint.rollback(instrument);
      this.#walkBar(instrument, open, high, low, close, !highFirst);
    }
    if (decided) this.#flagAmbiguous(first, unchosen);
    this.#checkpoint.commit();
  }

  #fillsFrom(first: number): Float64Array {
    return this.#fills.data.slice(first, this.#fills.length * this.#fills.stride);
  }

  // Orders one after another, market orders among them, each asked whether the bar holds its price.
  #withoutPath(instrument: number, open: number, high: number, low: number, close: number): void {
    if (this.#reach(instrument, high, low, true) !== undecided) this.#askEach(instrument, open, high, low, close);
    else {
      // The two ways through the bar are only walked to tell whether they differ.
      const first = this.#fills.length * this.#fills.stride;
      this.#checkpoint.set(instrument);
      const walked = [true, false].map((highFirst) => {
        this.#execution.context.timeMs = this.#openMs;
        this.#atOpen(instrument, open);
        this.#execution.context.timeMs = this.#closeMs;
        this.#walkBar(instrument, open, high, low, close, highFirst);
        const way = { equity: this.#ledger.equityAt(instrument, close), fills: this.#fillsFrom(first) };
        this.#checkpoint.rollback(instrument);
        return way;
      });
      this.#askEach(instrument, open, high, low, close);
      const [highFirst, lowFirst] = walked;
      if (isOther(highFirst!.equity, lowFirst!.equity)) {
        this.#flagAmbiguous(first, close < open ? lowFirst!.fills : highFirst!.fills);
      }
      this.#checkpoint.commit();
    }
    this.#afterOpen(instrument, open);
    this.#trailAll(instrument, high, low);
  }

  #askEach(instrument: number, open: number, high: number, low: number, close: number): void {
    const { context } = this.#execution;
    if (this.#tried.size > 0) this.#tried.clear();
    while (context.volumeLeft > 0) {
      const id = this.#nextAsked(instrument, open, high, low);
      if (id === 0) break;
      const at = this.#orders.offset(id);
      this.#price = this.#priceInBar(at, open, high, low);
      context.timeMs = this.#priceIsOpen ? this.#openMs : this.#closeMs;
      const price = this.#price;
      const triggers = this.#orders.data[at + O.type] === STOP_LIMIT && !this.#resting && !this.#isTriggered(at);
      if (this.#isSecond(at)) this.#execution.close(id, REJECTED, "another order filled in this bar");
      else this.#meet(id);
      // Triggered at the open it goes on as a limit from there.
      if (!triggers || this.#priceIsOpen) continue;
      this.#tried.add(id);
      const fillPrice = this.#triggeredPrice(at, price, open, high, low, close);
      if (!Number.isNaN(fillPrice)) this.#execution.fill(id, fillPrice, false);
    }
  }

  // Of a stop-limit that triggered inside the bar: where it triggered, when its limit allows that; the limit, when the bar
  // came back to it for sure; NaN: it waits as a limit. With `stopLimitGap: "stop"` a limit has to leave room.
  #triggeredPrice(at: number, price: number, open: number, high: number, low: number, close: number): number {
    const limit = this.#orders.data[at + O.limitPrice]!;
    const buys = this.#orders.data[at + O.side]! > 0;
    const room = buys ? limit - price : price - limit;
    const inReach = buys ? low <= limit : high >= limit;
    if (this.#options.stopLimitGap === "stop") return room > 0 && inReach ? price : NaN;
    if (room >= 0) return inReach ? price : NaN;
    const cameBack = buys ? open > close && close <= limit : open <= close && close >= limit;
    return cameBack ? limit : NaN;
  }

  // In order of acceptance; or first the market orders that close the position, then its other exits.
  #nextAsked(instrument: number, open: number, high: number, low: number): number {
    const exitSide = -Math.sign(this.#ledger.quantity[instrument]!);
    const exitFirst = this.#options.matching === "exit_first" && exitSide !== 0;
    let best = 0;
    let bestRank = 3;
    for (const id of this.#execution.books[instrument]!) {
      const at = this.#orders.offset(id);
      if (!this.#takesPart(at) || this.#tried.has(id)) continue;
      const d = this.#orders.data;
      const closes = d[at + O.type] === MARKET && (d[at + O.flags]! & (REDUCE_ONLY | TARGET)) !== 0;
      const rank = d[at + O.side] !== exitSide ? 2 : closes ? 0 : 1;
      if (exitFirst && rank >= bestRank) continue;
      if (Number.isNaN(this.#priceInBar(at, open, high, low))) continue;
      if (!exitFirst) return id;
      best = id;
      bestRank = rank;
    }
    return best;
  }

  // Where in the bar an order triggers; NaN when it does not.
  #priceInBar(at: number, open: number, high: number, low: number): number {
    const d = this.#orders.data;
    const atOpen = this.#meetingPrice(at, open, open, true);
    this.#priceIsOpen = !Number.isNaN(atOpen);
    if (this.#priceIsOpen) return atOpen;
    const timeInForce = d[at + O.timeInForce]!;
    if (timeInForce === IOC || timeInForce === FOK || !this.#canMeet(at, high, low)) return NaN;
    const type = d[at + O.type]!;
    this.#resting = type === LIMIT || (type === STOP_LIMIT && this.#isTriggered(at));
    if (this.#resting) return d[at + O.limitPrice]!;
    return type === TRAILING_STOP ? this.#trailedStop(at, open) : d[at + O.stopPrice]!;
  }

  #isTriggered(at: number): boolean {
    return (this.#orders.data[at + O.flags]! & TRIGGERED) !== 0;
  }

  // A fill that the other way through the bar does not have was decided by the order of high and low. Where the chosen
  // way only lacks a fill, its last fill (if any) carries the mark.
  #flagAmbiguous(first: number, unchosen: Float64Array): void {
    const { data, stride } = this.#fills;
    const end = this.#fills.length * stride;
    this.ambiguousBars++;
    let flagged = 0;
    for (let at = first; at < end; at += stride) {
      if (hasFill(unchosen, stride, data, at)) continue;
      data[at + F.ambiguous] = 1;
      flagged++;
    }
    if (flagged === 0 && end > first) {
      data[end - stride + F.ambiguous] = 1;
      flagged = 1;
    }
    this.ambiguousFills += flagged;
  }

  #walkBar(instrument: number, open: number, high: number, low: number, close: number, highFirst: boolean): void {
    this.#path[0] = open;
    this.#path[1] = highFirst ? high : low;
    this.#path[2] = highFirst ? low : high;
    this.#path[3] = close;
    this.#walk(instrument, open, this.#path, 4);
  }

  #walk(instrument: number, open: number, path: ArrayLike<number>, length: number): void {
    const { context } = this.#execution;
    let from = open;
    if (this.#tried.size > 0) this.#tried.clear();
    for (let index = 0; index < length; index++) {
      const to = path[index]!;
      while (context.volumeLeft > 0) {
        const id = this.#next(instrument, from, to, false);
        if (id === 0) break;
        from = this.#price;
        this.#meet(id);
      }
      this.#trailAll(instrument, to, to);
      from = to;
    }
  }

  // The order met first on the way from one price to another; ties go to exits or to the older order.
  #next(instrument: number, from: number, to: number, atOpen: boolean): number {
    const exitSide = -Math.sign(this.#ledger.quantity[instrument]!);
    const exitFirst = this.#options.matching === "exit_first" && exitSide !== 0;
    let best = 0;
    let bestDistance = Infinity;
    let bestIsExit = false;
    let bestPrice = NaN;
    let bestResting = false;
    for (const id of this.#execution.books[instrument]!) {
      const at = this.#orders.offset(id);
      if (!this.#takesPart(at) || this.#tried.has(id)) continue;
      const price = this.#meetingPrice(at, from, to, atOpen);
      if (Number.isNaN(price)) continue;
      const distance = atOpen ? 0 : Math.abs(price - from);
      const isExit = exitFirst && this.#orders.data[at + O.side] === exitSide;
      if (distance < bestDistance || (distance === bestDistance && isExit && !bestIsExit)) {
        best = id;
        bestDistance = distance;
        bestIsExit = isExit;
        bestPrice = price;
        bestResting = this.#resting;
      }
    }
    this.#price = bestPrice;
    this.#resting = bestResting;
    return best;
  }

  // Where on the way from one price to another an order triggers; NaN when it does not.
  #meetingPrice(at: number, from: number, to: number, atOpen: boolean): number {
    const d = this.#orders.data;
    const side = d[at + O.side]!;
    this.#resting = false;
    switch (d[at + O.type]) {
      case MARKET:
        return atOpen && this.#options.marketFill !== "next_close" ? from : NaN;
      case MARKET_ON_OPEN:
        return atOpen ? from : NaN;
      case LIMIT:
        return this.#limitPrice(at, side, from, to, atOpen);
      case STOP:
        return this.#stopPrice(d[at + O.stopPrice]!, side, from, to, atOpen);
      case STOP_LIMIT:
        if ((d[at + O.flags]! & TRIGGERED) !== 0) return this.#limitPrice(at, side, from, to, atOpen);
        if (atOpen && this.#options.stopLimitGap === "stop") return NaN;
        return this.#stopPrice(d[at + O.stopPrice]!, side, from, to, atOpen);
      case TRAILING_STOP:
        return this.#stopPrice(this.#trailedStop(at, from), side, from, to, atOpen);
      default:
        return NaN;
    }
  }

  #limitPrice(at: number, side: number, from: number, to: number, atOpen: boolean): number {
    const limit = this.#orders.data[at + O.limitPrice]!;
    const cross = this.#options.limitFill === "cross";
    const within = (price: number) => (cross ? side * (limit - price) > 0 : side * (limit - price) >= 0);
    if (within(from)) {
      this.#resting = atOpen && (this.#orders.data[at + O.flags]! & SEEN) !== 0;
      return this.#resting && this.#options.limitGap === "limit" ? limit : from;
    }
    if (!within(to)) return NaN;
    this.#resting = true;
    return limit;
  }

  #stopPrice(stop: number, side: number, from: number, to: number, atOpen: boolean): number {
    if (side * (from - stop) >= 0) return atOpen && this.#options.stopGap === "stop" ? stop : from;
    return side * (to - stop) >= 0 ? stop : NaN;
  }

  // The order was met: a stop-limit becomes a limit, everything else fills.
  #meet(id: number): void {
    const orders = this.#orders;
    const at = orders.offset(id);
    const flags = orders.data[at + O.flags]!;
    const type = orders.data[at + O.type]!;
    if (type === STOP_LIMIT && (flags & TRIGGERED) === 0) {
      orders.touch(id);
      orders.data[at + O.flags] = flags | TRIGGERED;
      return;
    }
    if ((flags & POST_ONLY) !== 0 && !this.#resting) {
      this.#execution.close(id, REJECTED, "post-only order would have taken");
      return;
    }
    this.#execution.fill(id, this.#price, this.#resting);
    if (orders.isOpen(id)) this.#tried.add(id);
  }

  // A market order for which another order of its bar leaves no room.
  #isSecond(at: number): boolean {
    if (!this.#options.oneOrderPerBar || this.#orders.data[at + O.type] !== MARKET) return false;
    const instrument = this.#orders.data[at + O.instrument]!;
    return this.#execution.lastFillBar[instrument] === this.#ledger.bars[instrument];
  }

  #isLive(at: number): boolean {
    const status = this.#orders.data[at + O.status]!;
    return status === OPEN || status === PARTIALLY_FILLED;
  }

  #takesPart(at: number): boolean {
    const d = this.#orders.data;
    if (!this.#isLive(at)) return false;
    if (d[at + O.eligibleBar]! > this.#ledger.bars[d[at + O.instrument]!]!) return false;
    // The bar that holds the session's start is the one whose open is the session's opening price.
    if (d[at + O.type] === MARKET_ON_OPEN) {
      return d[at + O.eligibleMs]! < this.#closeMs && d[at + O.submittedMs]! <= this.#openMs;
    }
    return d[at + O.eligibleMs]! <= this.#openMs;
  }

  #fillsAtClose(at: number): boolean {
    const type = this.#orders.data[at + O.type];
    return type === MARKET_ON_CLOSE || (type === MARKET && this.#options.marketFill === "next_close");
  }

  #trailedStop(at: number, price: number): number {
    const d = this.#orders.data;
    const side = d[at + O.side]!;
    let mark = d[at + O.trailMark]!;
    // Without a path the bar's own prices come after it.
    const follows = this.#options.trailMark === "high" && this.#options.intrabarPath !== "none";
    if (follows && side * (mark - price) > 0) mark = price;
    const percent = d[at + O.trailPercent]!;
    const distance = percent > 0 ? mark * percent : d[at + O.trailAmount]!;
    return mark + side * distance;
  }

  // A sell trails the highest price, a buy the lowest.
  #trail(at: number, price: number): void {
    const d = this.#orders.data;
    if (d[at + O.type] !== TRAILING_STOP) return;
    if (d[at + O.side]! * (d[at + O.trailMark]! - price) > 0) {
      this.#orders.touch(at / this.#orders.stride + 1);
      d[at + O.trailMark] = price;
    }
  }

  #trailAll(instrument: number, high: number, low: number): void {
    if (this.#options.trailMark === "close") return;
    for (const id of this.#execution.books[instrument]!) {
      const at = this.#orders.offset(id);
      if (this.#takesPart(at)) this.#trail(at, this.#orders.data[at + O.side]! > 0 ? low : high);
    }
  }

  // Whether any order can be met inside the bar, and whether the order of high and low can matter to it.
  #reach(instrument: number, high: number, low: number, fromOpen: boolean): number {
    let met = 0;
    let simple = true;
    for (const id of this.#execution.books[instrument]!) {
      const at = this.#orders.offset(id);
      const d = this.#orders.data;
      const type = d[at + O.type];
      const atOpen = fromOpen && (type === MARKET || type === MARKET_ON_OPEN);
      if (!this.#takesPart(at) || !(atOpen || this.#canMeet(at, high, low))) continue;
      met++;
      simple &&=
        (type === LIMIT || type === STOP || atOpen) &&
        (d[at + O.flags]! & PARENT) === 0 &&
        Number.isNaN(d[at + O.stopLoss]!) &&
        Number.isNaN(d[at + O.takeProfit]!);
    }
    return met === 0 ? none : met === 1 && simple ? plain : undecided;
  }

  #canMeet(at: number, high: number, low: number): boolean {
    const d = this.#orders.data;
    const side = d[at + O.side]!;
    const type = d[at + O.type]!;
    if (type === LIMIT || (type === STOP_LIMIT && (d[at + O.flags]! & TRIGGERED) !== 0)) {
      const room = side > 0 ? d[at + O.limitPrice]! - low : high - d[at + O.limitPrice]!;
      return this.#options.limitFill === "cross" ? room > 0 : room >= 0;
    }
    if (type === STOP || type === STOP_LIMIT)
      return side > 0 ? high >= d[at + O.stopPrice]! : low <= d[at + O.stopPrice]!;
    if (type !== TRAILING_STOP) return false;
    return side > 0 ? high >= this.#trailedStop(at, low) : low <= this.#trailedStop(at, high);
  }
}

function isOther(equity: number, otherEquity: number): boolean {
  return Math.abs(equity - otherEquity) > 1e-12 * Math.abs(equity);
}

const none = 0;
const plain = 1;
const undecided = 2;

function hasFill(fills: Float64Array, stride: number, data: Float64Array, at: number): boolean {
  for (let other = 0; other < fills.length; other += stride) {
    let same = true;
    for (const column of [F.order, F.price, F.quantity]) same &&= fills[other + column] === data[at + column];
    if (same) return true;
  }
  return false;
}

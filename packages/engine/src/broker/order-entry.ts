import { QmtlError, shown, type EpochMs } from "@qmtl/core";
import { sessionEndAfter, sessionStartAtOrAfter } from "../instrument/index.ts";
import type { Execution } from "./execution.ts";
import type { Funds } from "./funds.ts";
import { checkIntent, invalid, type SizeField } from "./intent.ts";
import type { Ledger } from "./ledger.ts";
import type { BrokerOptions } from "./options.ts";
import {
  CANCELLED,
  DAY,
  GTC,
  GTD,
  MARKET,
  MARKET_ON_CLOSE,
  MARKET_ON_OPEN,
  O,
  type OrderTable,
  orderTypes,
  PARENT,
  PENDING_PARENT,
  POST_ONLY,
  REDUCE_ONLY,
  REJECTED,
  SHARE,
  SIZE_ALL,
  SIZE_PERCENT,
  SIZE_TARGET_PERCENT,
  SIZE_UNITS,
  SIZE_VALUE,
  TARGET,
  timesInForce,
} from "./order-table.ts";
import type { TextTable } from "./record-table.ts";
import { SubmitCheck } from "./submit-check.ts";
import type { OrderIntent } from "./types.ts";

// A target this close to the position (relative to it) is the position: what is left is float dust, not a wish.
const dust = 1e-9;

/** Whether a target lies where the position is. @param delta - units between them */
export function isNear(delta: number, held: number): boolean {
  return Math.abs(delta) <= dust * Math.abs(held) || delta === 0;
}

/** What a target counts: a fraction of equity, or units. */
export type TargetUnit = "percent" | "quantity";

/** Turns intents into orders: checks, sizes, snaps to the grids, and puts them in the book. */
export class OrderEntry {
  /** The newest target by instrument, NaN before the first, and what it counts: 0 percent, 1 units. */
  readonly lastTarget: Float64Array;
  readonly lastUnit: Uint8Array;

  readonly #onChange: boolean;
  readonly #options: BrokerOptions;
  readonly #ledger: Ledger;
  readonly #funds: Funds;
  readonly #orders: OrderTable;
  readonly #execution: Execution;
  readonly #texts: TextTable;
  readonly #check: SubmitCheck;

  constructor(
    options: BrokerOptions,
    ledger: Ledger,
    funds: Funds,
    orders: OrderTable,
    execution: Execution,
    texts: TextTable,
  ) {
    this.#options = options;
    this.#ledger = ledger;
    this.#funds = funds;
    this.#orders = orders;
    this.#execution = execution;
    this.#texts = texts;
    this.#check = new SubmitCheck(ledger, funds);
    this.#onChange = options.rebalance === "on_change";
    this.lastTarget = new Float64Array(ledger.instruments.length).fill(NaN);
    this.lastUnit = new Uint8Array(ledger.instruments.length);
  }

  /**
   * @returns the order's id
   * @throws QmtlError `ORDER_INVALID`, `INSTRUMENT_UNKNOWN`
   */
  submit(intent: OrderIntent, nowMs: EpochMs): number {
    const { instrument } = intent;
    this.#known(instrument);
    const sized = checkIntent(intent, this.#options.defaultSize !== null);
    const direction = this.#sideOf(intent, sized);
    this.#checkLinks(intent, direction);
    const type = codeOf(orderTypes, intent.type ?? "market", "type");
    const timeInForce = codeOf(timesInForce, intent.timeInForce ?? "GTC", "timeInForce");
    this.#execution.context.timeMs = nowMs;
    const target = sized === "targetQuantity" || sized === "targetPercent";
    if (target) this.#cancelTargets(instrument);
    else if (this.#options.exclusiveOrders && intent.parentId === undefined) this.#clear(instrument, nowMs);
    const at = this.#execution.newOrder(instrument, 1, type, timeInForce, 0);
    const id = this.#orders.length;
    const d = this.#orders.data;
    const side = intent.side === "SELL" ? -1 : 1;
    this.#prices(at, intent, direction);
    d[at + O.flags] =
      (intent.postOnly === true ? POST_ONLY : 0) |
      (intent.reduceOnly === true ? REDUCE_ONLY : 0) |
      (target ? TARGET : 0);
    d[at + O.tag] = this.#texts.id(intent.tag);
    d[at + O.clientOrderId] = this.#texts.id(intent.clientOrderId);
    d[at + O.ocoGroup] = this.#texts.id(intent.ocoGroup);
    this.#times(at, type, timeInForce, nowMs, intent.expireAt);
    if (intent.parentId !== undefined) this.#waitFor(at, intent.parentId);
    this.#size(at, id, intent, sized, side);
    if (!this.#orders.isOpen(id)) this.#execution.sweep(instrument);
    return id;
  }

  /** @returns the order's id; 0 when the position is there already, or one lot cannot bring it nearer */
  submitTarget(instrument: number, percent: number, quantity: number, nowMs: EpochMs): number {
    const ledger = this.#ledger;
    const held = ledger.quantity[instrument];
    if (held === undefined) this.#known(instrument);
    const target = Number.isNaN(percent) ? quantity : percent;
    if (!Number.isFinite(target)) invalid("target", "a finite number", target);
    const unit = Number.isNaN(percent) ? "quantity" : "percent";
    if (this.#onChange && this.repeats(instrument, target, unit)) return 0;
    this.remember(instrument, target, unit);
    const delta = this.delta(instrument, percent, quantity);
    const near = isNear(delta, held!);
    if (near && this.#execution.books[instrument]!.length === 0) return 0;
    this.#execution.context.timeMs = nowMs;
    this.#cancelTargets(instrument);
    if (near || ledger.lots[instrument]!.floor(Math.abs(delta)) === 0) return 0;
    const at = this.#execution.newOrder(instrument, Math.sign(delta), MARKET, GTC, 0);
    const id = this.#orders.length;
    this.#orders.data[at + O.flags] = TARGET;
    this.#times(at, MARKET, GTC, nowMs, undefined);
    this.#sizeTarget(at, id, percent, delta);
    if (!this.#orders.isOpen(id)) this.#execution.sweep(instrument);
    return id;
  }

  /** Whether a target is the one before. */
  repeats(instrument: number, target: number, unit: TargetUnit): boolean {
    return target === this.lastTarget[instrument] && this.lastUnit[instrument] === (unit === "percent" ? 0 : 1);
  }

  /** The target before; NaN: none in this unit. */
  lastTargetIn(instrument: number, unit: TargetUnit): number {
    return this.lastUnit[instrument] === (unit === "percent" ? 0 : 1) ? this.lastTarget[instrument]! : NaN;
  }

  remember(instrument: number, target: number, unit: TargetUnit): void {
    this.lastTarget[instrument] = target;
    this.lastUnit[instrument] = unit === "percent" ? 0 : 1;
  }

  /** Units from the position to a target at the mark; of `percent` and `quantity` one is NaN. */
  delta(instrument: number, percent: number, quantity: number): number {
    if (percent === 0) return 0 - this.#ledger.quantity[instrument]!;
    if (Number.isNaN(percent)) return quantity - this.#ledger.quantity[instrument]!;
    const mark = this.#ledger.mark[instrument]!;
    return this.#funds.unitsFor(instrument, 1, SIZE_TARGET_PERCENT, percent, mark);
  }

  #checkLinks({ stopLoss, takeProfit, parentId }: OrderIntent, direction: number): void {
    if (stopLoss !== undefined && takeProfit !== undefined && direction * (takeProfit - stopLoss) <= 0) {
      invalid("takeProfit", `beyond stopLoss (${stopLoss}) in the direction of the trade`, takeProfit);
    }
    if (parentId === undefined) return;
    if (!(Number.isInteger(parentId) && parentId >= 1 && parentId <= this.#orders.length)) {
      invalid("parentId", "the id of an earlier order", parentId);
    }
  }

  #known(instrument: number): void {
    if (this.#ledger.instruments[instrument] !== undefined) return;
    throw new QmtlError(
      "INSTRUMENT_UNKNOWN",
      `an order names instrument ${shown(instrument)}; the account has ${this.#ledger.instruments.length}`,
      { details: { instrument, count: this.#ledger.instruments.length } },
    );
  }

  #sideOf(intent: OrderIntent, sized: SizeField | undefined): number {
    if (sized === "targetQuantity" || sized === "targetPercent") {
      return Math.sign(this.delta(intent.instrument, intent.targetPercent ?? NaN, intent.targetQuantity ?? NaN)) || 1;
    }
    if (intent.side !== undefined) return intent.side === "BUY" ? 1 : -1;
    return Math.sign(intent.percent ?? 1) || 1;
  }

  #size(at: number, id: number, intent: OrderIntent, sized: SizeField | undefined, side: number): void {
    const { instrument } = intent;
    const d = this.#orders.data;
    if (sized === "targetQuantity" || sized === "targetPercent") {
      const percent = intent.targetPercent ?? NaN;
      const delta = this.delta(instrument, percent, intent.targetQuantity ?? NaN);
      this.#sizeTarget(at, id, percent, delta);
      return;
    }
    const { defaultSize } = this.#options;
    if (sized === undefined && defaultSize === "all") {
      d[at + O.sizeKind] = SIZE_ALL;
      d[at + O.flags] = d[at + O.flags]! | SHARE;
      d[at + O.side] = side;
      d[at + O.quantity] = finite(this.#funds.largest(instrument, side, this.#ledger.mark[instrument]!));
      return;
    }
    const fallback = sized === undefined && defaultSize !== "all" ? defaultSize : null;
    const quantity = intent.quantity ?? (fallback && "quantity" in fallback ? fallback.quantity : undefined);
    const percent = intent.percent ?? (fallback && "percent" in fallback ? fallback.percent : undefined);
    if (percent !== undefined) d[at + O.flags] = d[at + O.flags]! | SHARE;
    let signed = side * (quantity ?? 0);
    if (quantity === undefined) {
      const kind = percent === undefined ? SIZE_VALUE : SIZE_PERCENT;
      const direction = intent.side === undefined ? Math.sign(percent ?? 1) || 1 : side;
      const size = Math.abs(percent ?? intent.value!);
      const limit = d[at + O.limitPrice]!;
      const price = Number.isNaN(limit) ? this.#ledger.mark[instrument]! : limit;
      signed = this.#funds.unitsFor(instrument, direction, kind, size, price);
      if (this.#options.sizing === "fill" && size > 0) {
        d[at + O.sizeKind] = kind;
        d[at + O.sizeValue] = size;
        d[at + O.side] = direction;
        d[at + O.quantity] = this.#ledger.lots[instrument]!.floor(finite(Math.abs(signed)));
        return;
      }
    }
    this.#finish(at, id, signed);
  }

  #sizeTarget(at: number, id: number, percent: number, delta: number): void {
    const d = this.#orders.data;
    if (this.#options.sizing === "fill" && percent !== 0 && !Number.isNaN(percent)) {
      d[at + O.sizeKind] = SIZE_TARGET_PERCENT;
      d[at + O.sizeValue] = percent;
      d[at + O.side] = Math.sign(delta) || 1;
      d[at + O.quantity] = this.#ledger.lots[d[at + O.instrument]!]!.floor(finite(Math.abs(delta)));
      return;
    }
    this.#finish(at, id, delta);
  }

  #finish(at: number, id: number, signed: number): void {
    const d = this.#orders.data;
    const instrument = d[at + O.instrument]!;
    const ledger = this.#ledger;
    const quantity = ledger.lots[instrument]!.floor(Math.abs(signed));
    d[at + O.sizeKind] = SIZE_UNITS;
    if (signed !== 0) d[at + O.side] = Math.sign(signed);
    if (Number.isNaN(quantity)) {
      this.#execution.close(id, REJECTED, "no price is known yet to size it");
      return;
    }
    d[at + O.quantity] = quantity;
    if (quantity === 0) {
      const reached = signed === 0 && (d[at + O.flags]! & TARGET) !== 0;
      this.#execution.close(
        id,
        reached ? CANCELLED : REJECTED,
        reached ? "already at the target" : "smaller than one lot",
      );
      return;
    }
    const limit = d[at + O.limitPrice]!;
    const stop = d[at + O.stopPrice]!;
    const price = !Number.isNaN(stop) ? stop : !Number.isNaN(limit) ? limit : ledger.mark[instrument]!;
    const least = Number(ledger.instruments[instrument]!.notionalMin);
    const flattens = signed === -ledger.quantity[instrument]!;
    if (least > 0 && !flattens && quantity * price * ledger.multiplier[instrument]! < least) {
      this.#execution.close(id, REJECTED, "below the minimum notional");
      return;
    }
    if (this.#options.checkOnSubmit && !this.#canPay(at, id, price)) {
      this.#execution.close(id, REJECTED, "not enough buying power");
    }
  }

  // In a cash account orders of one moment count together, as do the exits of a bracket.
  #canPay(at: number, id: number, price: number): boolean {
    if (this.#options.account === "margin") return this.#execution.canPay(id, price);
    const d = this.#orders.data;
    const instrument = d[at + O.instrument]!;
    const nowMs = d[at + O.submittedMs]!;
    const side = d[at + O.side]!;
    const trail = d[at + O.trailAmount]! || d[at + O.trailMark]! * d[at + O.trailPercent]!;
    const exits = [d[at + O.stopLoss]!, d[at + O.takeProfit]!].filter((exit) => !Number.isNaN(exit));
    const prices = [
      [side, trail > 0 ? d[at + O.trailMark]! + side * trail : price],
      ...exits.map((exit) => [-side, exit]),
    ];
    return prices
      .map(([direction, each]) => this.#check.canPay(instrument, direction! * d[at + O.quantity]!, each!, nowMs))
      .every(Boolean);
  }

  // A limit is never worse than asked for: buys snap down, sells up. A stop never triggers earlier: buys up, sells down.
  #prices(at: number, intent: OrderIntent, side: number): void {
    const d = this.#orders.data;
    const tick = this.#ledger.ticks[intent.instrument]!;
    const limit = (price: number, direction: number) => (direction > 0 ? tick.floor(price) : tick.ceil(price));
    const stop = (price: number, direction: number) => (direction > 0 ? tick.ceil(price) : tick.floor(price));
    d[at + O.side] = side;
    if (intent.limitPrice !== undefined) d[at + O.limitPrice] = limit(intent.limitPrice, side);
    if (intent.stopPrice !== undefined) d[at + O.stopPrice] = stop(intent.stopPrice, side);
    if (intent.takeProfit !== undefined) d[at + O.takeProfit] = limit(intent.takeProfit, -side);
    if (intent.stopLoss !== undefined) d[at + O.stopLoss] = stop(intent.stopLoss, -side);
    d[at + O.trailAmount] = intent.trailAmount ?? 0;
    d[at + O.trailPercent] = intent.trailPercent ?? 0;
    // Before the first bar there is no price to trail yet: the first open sets it.
    const mark = this.#ledger.mark[intent.instrument]!;
    d[at + O.trailMark] = Number.isNaN(mark) ? side * Infinity : mark;
  }

  #times(at: number, type: number, timeInForce: number, nowMs: EpochMs, expireAt: EpochMs | undefined): void {
    const d = this.#orders.data;
    const instrument = d[at + O.instrument]!;
    const { calendar } = this.#ledger.instruments[instrument]!;
    const arrivalMs = nowMs + this.#options.latencyMs;
    d[at + O.submittedMs] = nowMs;
    d[at + O.eligibleMs] =
      type === MARKET_ON_OPEN
        ? sessionStartAtOrAfter(calendar, arrivalMs)
        : type === MARKET_ON_CLOSE
          ? sessionEndAfter(calendar, arrivalMs)
          : arrivalMs;
    d[at + O.eligibleBar] = this.#ledger.bars[instrument]! + 1 + this.#options.latencyBars;
    if (timeInForce === DAY) d[at + O.expireMs] = sessionEndAfter(calendar, arrivalMs);
    if (timeInForce === GTD) d[at + O.expireMs] = expireAt!;
  }

  #waitFor(at: number, parentId: number): void {
    const d = this.#orders.data;
    const parent = this.#orders.offset(parentId);
    d[at + O.parent] = parentId;
    if (d[parent + O.filled]! > 0) return;
    d[at + O.status] = PENDING_PARENT;
    if (this.#orders.isOpen(parentId)) d[parent + O.flags] = d[parent + O.flags]! | PARENT;
    else this.#execution.close(this.#orders.length, CANCELLED, "its parent did not fill");
  }

  #cancelTargets(instrument: number): void {
    if (this.#execution.books[instrument]!.length === 0) return;
    for (const id of this.#execution.books[instrument]!) {
      if ((this.#orders.data[this.#orders.offset(id) + O.flags]! & TARGET) === 0 || !this.#orders.isOpen(id)) continue;
      this.#execution.close(id, CANCELLED, "replaced by a newer target");
    }
    this.#execution.sweep(instrument);
  }

  // Exclusive orders: everything before the new one goes, the position too, at the same price as the new one's.
  #clear(instrument: number, nowMs: EpochMs): void {
    for (const id of this.#execution.books[instrument]!) {
      if (this.#orders.isOpen(id)) this.#execution.close(id, CANCELLED, "replaced by a newer order");
    }
    this.#execution.sweep(instrument);
    const held = this.#ledger.quantity[instrument]!;
    if (held === 0) return;
    const at = this.#execution.newOrder(instrument, -Math.sign(held), MARKET, GTC, Math.abs(held));
    this.#orders.data[at + O.flags] = REDUCE_ONLY;
    this.#times(at, MARKET, GTC, nowMs, undefined);
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function codeOf(names: readonly string[], name: string, field: string): number {
  const code = names.indexOf(name);
  if (code < 0) invalid(field, `one of ${names.join(", ")}`, name);
  return code;
}

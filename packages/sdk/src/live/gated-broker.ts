import type { EpochMs } from "@qmtl/core";
import type {
  AccountView,
  Broker,
  BrokerCounters,
  BrokerOptions,
  BrokerSnapshot,
  Fill,
  Order,
  OrderIntent,
  RecordList,
  Trade,
  TradeOutcomes,
} from "@qmtl/engine/broker";
import type { Instrument } from "@qmtl/engine/instrument";

/** An order that wants to leave, as the gate is asked about it. */
export interface OrderAsk {
  readonly symbol: string;
  /** The side whose exposure it would raise; a reduction has the side it takes from. */
  readonly exposure: "long" | "short";
  /** True when it only brings a position nearer to zero. */
  readonly reduces: boolean;
  /** What it would add to the position, signed, and the worst price it is known to go for; NaN while that is unknown. */
  readonly quantity: number;
  readonly price: number;
  readonly nowMs: EpochMs;
}

/** `weight` scales what raises exposure, 0 to 1. */
export type Admission =
  { readonly allowed: true; readonly weight: number } | { readonly allowed: false; readonly reason: string };

/** Asked in the same synchronous turn in which the order leaves: there is no `await` between the two (OG-1). */
export type AdmitOrder = (ask: OrderAsk) => Admission;

/** An order that did not leave. */
export interface RefusedOrder {
  readonly ask: OrderAsk;
  readonly reason: string;
  readonly intent: OrderIntent;
}

/**
 * A broker behind the order gate. What the gate refuses never reaches the book; cancels always pass (OG-6). Everything
 * else is the broker's own, so that paper trading is the backtest's model and nothing beside it. Every method is spelled
 * out: a way to send orders that the broker learns later does not pass here unseen.
 */
export class GatedBroker implements Broker {
  readonly #broker: Broker;
  readonly #instruments: readonly Instrument[];
  readonly #admit: AdmitOrder;
  readonly #onRefused: (refused: RefusedOrder) => void;
  readonly #onSent: (orderId: number) => void;
  /** Targets over many rows at once would leave without being asked about one by one. */
  readonly takesTargetBars = false;

  constructor(
    broker: Broker,
    instruments: readonly Instrument[],
    admit: AdmitOrder,
    onRefused: (refused: RefusedOrder) => void,
    onSent: (orderId: number) => void,
  ) {
    this.#onSent = onSent;
    this.#broker = broker;
    this.#instruments = instruments;
    this.#admit = admit;
    this.#onRefused = onRefused;
  }

  get options(): BrokerOptions {
    return this.#broker.options;
  }
  get account(): AccountView {
    return this.#broker.account;
  }
  get orders(): RecordList<Order> {
    return this.#broker.orders;
  }
  get fills(): RecordList<Fill> {
    return this.#broker.fills;
  }
  get trades(): RecordList<Trade> {
    return this.#broker.trades;
  }
  get openOrderCount(): number {
    return this.#broker.openOrderCount;
  }
  get counters(): BrokerCounters {
    return this.#broker.counters;
  }
  tradeOutcomes(): TradeOutcomes {
    return this.#broker.tradeOutcomes();
  }
  onBar(...bar: Parameters<Broker["onBar"]>): void {
    this.#broker.onBar(...bar);
  }
  onQuietBars(...bars: Parameters<Broker["onQuietBars"]>): number {
    return this.#broker.onQuietBars(...bars);
  }
  onTargetBars(): never {
    throw new Error("internal: targets reach a gated broker one by one");
  }
  setIntrabarPath(instrument: number, prices: ArrayLike<number>): void {
    this.#broker.setIntrabarPath(instrument, prices);
  }
  onTime(closeTimeMs: EpochMs): void {
    this.#broker.onTime(closeTimeMs);
  }
  cancel(orderId: number, nowMs: EpochMs, reason?: string): boolean {
    return this.#broker.cancel(orderId, nowMs, reason);
  }
  afterIntents(nowMs: EpochMs): void {
    this.#broker.afterIntents(nowMs);
  }
  finish(nowMs: EpochMs): void {
    this.#broker.finish(nowMs);
  }
  save(): BrokerSnapshot {
    return this.#broker.save();
  }
  load(snapshot: BrokerSnapshot): void {
    this.#broker.load(snapshot);
  }

  submit(intent: OrderIntent, nowMs: EpochMs): Order {
    const { targetPercent, targetQuantity } = intent;
    const target = targetPercent ?? targetQuantity;
    if (target === undefined) {
      const ask = this.#askOf(intent, nowMs);
      const verdict = this.#admit(ask);
      if (!verdict.allowed) return this.#refuse(ask, intent, verdict.reason);
      return this.#sent(this.#broker.submit(ask.reduces ? intent : scaled(intent, verdict.weight), nowMs));
    }
    const ask = this.#askOfTarget(intent.instrument, target, targetPercent !== undefined, nowMs);
    const verdict = this.#admit(ask);
    if (!verdict.allowed) return this.#refuse(ask, intent, verdict.reason);
    const weighted = ask.reduces ? target : target * verdict.weight;
    const size = targetPercent === undefined ? { targetQuantity: weighted } : { targetPercent: weighted };
    return this.#sent(this.#broker.submit({ ...intent, ...size }, nowMs));
  }

  submitTargetPercent(instrument: number, fraction: number, nowMs: EpochMs): number {
    const ask = this.#askOfTarget(instrument, fraction, true, nowMs);
    const verdict = this.#admit(ask);
    if (verdict.allowed) {
      const weighted = ask.reduces ? fraction : fraction * verdict.weight;
      return this.#sentId(this.#broker.submitTargetPercent(instrument, weighted, nowMs));
    }
    this.#refuse(ask, { instrument, targetPercent: fraction }, verdict.reason);
    return 0;
  }

  submitTargetQuantity(instrument: number, quantity: number, nowMs: EpochMs): number {
    const ask = this.#askOfTarget(instrument, quantity, false, nowMs);
    const verdict = this.#admit(ask);
    if (verdict.allowed) {
      const weighted = ask.reduces ? quantity : quantity * verdict.weight;
      return this.#sentId(this.#broker.submitTargetQuantity(instrument, weighted, nowMs));
    }
    this.#refuse(ask, { instrument, targetQuantity: quantity }, verdict.reason);
    return 0;
  }

  #sent(order: Order): Order {
    this.#sentId(order.id);
    return order;
  }

  // 0: there was nothing to send.
  #sentId(orderId: number): number {
    if (orderId !== 0) this.#onSent(orderId);
    return orderId;
  }

  #askOf(intent: OrderIntent, nowMs: EpochMs): OrderAsk {
    const { instrument, side, percent } = intent;
    const { symbol } = this.#instruments[instrument]!;
    const { quantity: held, markPrice } = this.#broker.account.position(instrument);
    const sign = side === "SELL" || (side === undefined && (percent ?? 1) < 0) ? -1 : 1;
    const price = intent.limitPrice ?? intent.stopPrice ?? markPrice;
    const value = intent.value ?? Math.abs(percent ?? 1) * this.#broker.account.equity;
    const units = intent.quantity ?? value / price;
    const reduces =
      intent.reduceOnly === true || (held * sign < 0 && intent.quantity !== undefined && units <= Math.abs(held));
    return { symbol, exposure: sign > 0 === reduces ? "short" : "long", reduces, quantity: sign * units, price, nowMs };
  }

  /** A target reduces where it lies between zero and what is held. */
  #askOfTarget(instrument: number, target: number, isPercent: boolean, nowMs: EpochMs): OrderAsk {
    const { symbol } = this.#instruments[instrument]!;
    const { equity } = this.#broker.account;
    const { quantity, markPrice: price } = this.#broker.account.position(instrument);
    const wanted = isPercent && target !== 0 ? (target * equity) / price : target;
    const reduces = target === 0 || (wanted * quantity > 0 && Math.abs(wanted) <= Math.abs(quantity));
    const exposure = (target === 0 ? quantity : target) < 0 ? "short" : "long";
    return { symbol, exposure, reduces, quantity: wanted - quantity, price, nowMs };
  }

  #refuse(ask: OrderAsk, intent: OrderIntent, reason: string): Order {
    this.#onRefused({ ask, reason, intent });
    return {
      id: 0,
      instrument: intent.instrument,
      side: intent.side ?? (ask.quantity < 0 ? "SELL" : "BUY"),
      type: intent.type ?? "market",
      timeInForce: intent.timeInForce ?? "GTC",
      quantity: intent.quantity ?? 0,
      filledQuantity: 0,
      averagePrice: null,
      limitPrice: intent.limitPrice ?? null,
      stopPrice: intent.stopPrice ?? null,
      status: "rejected",
      reason,
      submittedMs: ask.nowMs,
      closedMs: ask.nowMs,
      parentId: null,
      ocoGroup: intent.ocoGroup ?? null,
      reduceOnly: intent.reduceOnly ?? false,
      tag: intent.tag ?? null,
      clientOrderId: intent.clientOrderId ?? null,
    };
  }
}

function scaled(intent: OrderIntent, weight: number): OrderIntent {
  if (weight === 1) return intent;
  return {
    ...intent,
    ...(intent.quantity !== undefined && { quantity: intent.quantity * weight }),
    ...(intent.value !== undefined && { value: intent.value * weight }),
    ...(intent.percent !== undefined && { percent: intent.percent * weight }),
  };
}

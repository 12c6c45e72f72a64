import { nearestWord, QmtlError, shown, type EpochMs, type JsonValue } from "@qmtl/core";
import type { AccountView, Fill, Order, OrderIntent, RecordList } from "@qmtl/engine/broker";
import type { Instrument } from "@qmtl/engine/instrument";
import type { Simulation } from "@qmtl/engine/simulate";
import type { OrderContext, PendingQuantity } from "./order-stage.ts";

/** The account of a simulation, as the stages of its order path see it. */
export class AccountContext implements OrderContext {
  readonly instruments: readonly Instrument[];
  nowMs: EpochMs = 0;
  bucketMs: EpochMs = 0;
  readonly #simulation: Simulation;
  readonly #bySymbol: ReadonlyMap<string, number>;
  #open: number[] = []; // ids of orders that were open when last looked at
  #seenOrders = 0;
  readonly #targets = new Set<number>();

  constructor(simulation: Simulation, instruments: readonly Instrument[]) {
    this.#simulation = simulation;
    this.instruments = instruments;
    this.#bySymbol = new Map(instruments.map((instrument, index) => [instrument.symbol, index]));
  }

  at(bucketMs: EpochMs, nowMs: EpochMs): void {
    this.bucketMs = bucketMs;
    this.nowMs = nowMs;
  }

  get account(): AccountView {
    return this.#simulation.broker.account;
  }

  get fills(): RecordList<Fill> {
    return this.#simulation.broker.fills;
  }

  get openOrderCount(): number {
    return this.#simulation.broker.openOrderCount;
  }

  instrumentOf(symbol: JsonValue | undefined): number {
    if ((symbol === undefined || symbol === null) && this.instruments.length === 1) return 0;
    const index = typeof symbol === "string" ? this.#bySymbol.get(symbol) : undefined;
    if (index !== undefined) return index;
    const known = [...this.#bySymbol.keys()];
    const guess = typeof symbol === "string" ? nearestWord(symbol, known) : undefined;
    throw new QmtlError(
      "INSTRUMENT_UNKNOWN",
      `an order names instrument ${shown(symbol)}; the account trades ${known.join(", ") || "none"}`,
      {
        hint: guess === undefined ? 'write "symbol" into the order' : `did you mean "${guess}"?`,
      },
    );
  }

  markOf(instrument: number): number {
    return this.#simulation.markOf(instrument);
  }

  volumeOf(instrument: number): number {
    return this.#simulation.volumeOf(instrument);
  }

  // The broker's own rule: a traded pair of the two currencies gives the rate, else the rate that was given.
  rateOf(instrument: number): number {
    const quote = this.instruments[instrument]!.quoteCurrency;
    const { currency } = this.account;
    if (quote === currency) return 1;
    const direct = this.#bySymbol.get(`${quote}/${currency}`);
    const inverse = this.#bySymbol.get(`${currency}/${quote}`);
    const traded =
      direct !== undefined ? this.markOf(direct) : inverse !== undefined ? 1 / this.markOf(inverse) : Number.NaN;
    return Number.isNaN(traded) ? (this.#simulation.broker.options.fxRates[quote] ?? Number.NaN) : traded;
  }

  pendingOf(instrument: number): PendingQuantity {
    const { orders } = this.#simulation.broker;
    for (; this.#seenOrders < orders.length; this.#seenOrders++) this.#open.push(this.#seenOrders + 1);
    const pending = { buys: 0, sells: 0, targetBuys: 0, targetSells: 0 };
    const open: number[] = [];
    for (const id of this.#open) {
      const order = orders.at(id - 1)!;
      if (order.closedMs !== null) {
        this.#targets.delete(id);
        continue;
      }
      open.push(id);
      if (order.instrument !== instrument || order.status === "pending_parent" || order.reduceOnly) continue;
      const left = order.quantity - order.filledQuantity;
      const isTarget = this.#targets.has(id);
      if (order.side === "BUY") {
        pending.buys += left;
        if (isTarget) pending.targetBuys += left;
      } else {
        pending.sells += left;
        if (isTarget) pending.targetSells += left;
      }
    }
    this.#open = open;
    return pending;
  }

  submit(intent: OrderIntent): Order {
    const order = this.#simulation.broker.submit(intent, this.nowMs);
    const isTarget = intent.targetQuantity !== undefined || intent.targetPercent !== undefined;
    if (isTarget && order.closedMs === null) this.#targets.add(order.id);
    return order;
  }

  cancel(orderId: number, reason?: string): boolean {
    return this.#simulation.broker.cancel(orderId, this.nowMs, reason);
  }

  save(): JsonValue {
    return [...this.#targets];
  }

  load(state: JsonValue): void {
    this.#targets.clear();
    for (const id of state as readonly number[]) this.#targets.add(id);
    this.#open = [];
    this.#seenOrders = 0;
  }
}

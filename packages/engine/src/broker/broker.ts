import { assert, QmtlError, type EpochMs, type IntervalMs } from "@qmtl/core";
import type { Instrument } from "../instrument/index.ts";
import { accountView } from "./account-view.ts";
import { BarStretch } from "./bar-stretch.ts";
import { Execution } from "./execution.ts";
import { FillTable } from "./fill-table.ts";
import { Funds } from "./funds.ts";
import { Ledger } from "./ledger.ts";
import { Matcher } from "./matcher.ts";
import { resolveBrokerOptions, type BrokerOptions } from "./options.ts";
import { CANCELLED, EXPIRED, GTC, MARKET, O, OrderTable, REDUCE_ONLY } from "./order-table.ts";
import { OrderEntry } from "./order-entry.ts";
import { recordList, type RecordList } from "./record-list.ts";
import { jsonToNumber, numberToJson, TextTable } from "./record-table.ts";
import { Schedule } from "./schedule.ts";
import { isPlainAccount, TargetReplay } from "./target-replay.ts";
import { TradeTable } from "./trade-table.ts";
import type {
  AccountView,
  Broker,
  BrokerCounters,
  BrokerSnapshot,
  Fill,
  Order,
  OrderIntent,
  QuietBars,
  ReplayBars,
  ReplayCurves,
  TargetColumn,
  TargetRows,
  Trade,
  TradeOutcomes,
} from "./types.ts";

const dayMs = 86_400_000;

/**
 * The broker of one account. See `types.ts` for the order of calls within one close time.
 *
 * @throws QmtlError `BROKER_OPTION_INVALID`, `INSTRUMENT_INVALID`
 */
export function createBroker(options: Partial<BrokerOptions>, instruments: readonly Instrument[]): Broker {
  return new SimulatedBroker(resolveBrokerOptions(options), instruments);
}

class SimulatedBroker implements Broker {
  readonly options: BrokerOptions;
  readonly account: AccountView;
  readonly orders: RecordList<Order>;
  readonly fills: RecordList<Fill>;
  readonly trades: RecordList<Trade>;

  readonly #instruments: readonly Instrument[];
  readonly #texts = new TextTable();
  readonly #orders = new OrderTable(this.#texts);
  readonly #fills = new FillTable();
  readonly #ledger: Ledger;
  readonly #execution: Execution;
  readonly #entry: OrderEntry;
  readonly #matcher: Matcher;
  readonly #schedule: Schedule;
  readonly #stretch: BarStretch;
  readonly #replay: TargetReplay | undefined;
  readonly #finer: ({ readonly bar: number; readonly prices: ArrayLike<number> } | null)[];
  readonly #accrues: boolean;
  #accruedMs = NaN;
  #liquidations = 0;

  constructor(options: BrokerOptions, instruments: readonly Instrument[]) {
    this.options = options;
    this.#instruments = instruments;
    this.#ledger = new Ledger(options, instruments, new TradeTable(this.#texts));
    const funds = new Funds(options, this.#ledger);
    this.#execution = new Execution(options, this.#ledger, funds, this.#orders, this.#fills, this.#texts);
    this.#entry = new OrderEntry(options, this.#ledger, funds, this.#orders, this.#execution, this.#texts);
    this.#matcher = new Matcher(options, this.#ledger, this.#orders, this.#fills, this.#execution);
    this.#accrues = options.borrowRate > 0 || options.cashInterestRate > 0 || options.marginInterestRate > 0;
    this.#schedule = new Schedule(options, instruments);
    this.#stretch = new BarStretch(this.#ledger, options.maintenanceMargin);
    this.#replay = isPlainAccount(options, instruments)
      ? new TargetReplay(options, this.#ledger, funds, this.#execution, this.#entry, this.#stretch)
      : undefined;
    this.#finer = instruments.map(() => null);
    this.orders = recordList(
      () => this.#orders.length + this.#filledTargets,
      (index) => {
        const { length } = this.#orders;
        return index < length ? this.#orders.make(index) : this.#replay!.filled.makeOrder(index - length, index + 1);
      },
    );
    this.fills = recordList(
      () => this.#fills.length + this.#filledTargets,
      (index) => {
        const { length } = this.#fills;
        if (index < length) return this.#fills.make(index);
        const place = index - length;
        return this.#replay!.filled.makeFill(place, index + 1, this.#orders.length + place + 1);
      },
    );
    this.trades = recordList(
      () => this.#ledger.tradeCount,
      (index) => {
        const { trades, mark, bars } = this.#ledger;
        const instrument = trades.instrument(index);
        this.#stretch.excursions[instrument]!.settleAll();
        return trades.make(index, mark[instrument]!, bars[instrument]!);
      },
    );
    this.account = accountView(this.#ledger);
  }

  tradeOutcomes(): TradeOutcomes {
    const ledger = this.#ledger;
    return { trades: ledger.tradeCount, closed: ledger.tradeSums, fees: () => ledger.trades.fees() };
  }

  get openOrderCount(): number {
    return this.#execution.openOrders;
  }

  get counters(): BrokerCounters {
    const [filled, cancelled, rejected, expired] = this.#execution.closedBy;
    return {
      accepted: this.orders.length,
      filled: filled!,
      cancelled: cancelled!,
      rejected: rejected!,
      expired: expired!,
      open: this.#execution.openOrders,
      intrabarAmbiguousFills: this.#matcher.ambiguousFills,
      intrabarAmbiguousBars: this.#matcher.ambiguousBars,
      liquidations: this.#liquidations,
      turnover: this.#ledger.traded,
    };
  }

  onBar(
    instrument: number,
    openTimeMs: EpochMs,
    closeTimeMs: EpochMs,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void {
    if (Number.isNaN(close)) return; // an absent bar: nothing traded, nothing is known
    const ledger = this.#ledger;
    ledger.bars[instrument]!++;
    // Most bars find no order and no event; what is left for them has to stay small enough to be inlined.
    if (this.#execution.books[instrument]!.length !== 0 || openTimeMs >= this.#schedule.nextMs[instrument]!) {
      this.#match(instrument, openTimeMs, closeTimeMs, open, high, low, close, volume);
    } else if (ledger.quantity[instrument] !== 0) ledger.trackExcursion(instrument, high, low);
    this.#stretch.openMs[instrument] = openTimeMs;
    this.#stretch.closeMs[instrument] = closeTimeMs;
    this.#stretch.open[instrument] = open;
    ledger.setMark(instrument, close);
  }

  #match(
    instrument: number,
    openTimeMs: EpochMs,
    closeTimeMs: EpochMs,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void {
    const ledger = this.#ledger;
    if (openTimeMs >= this.#schedule.nextMs[instrument]!) this.#applyEvents(instrument, openTimeMs);
    const wasFlat = ledger.quantity[instrument] === 0;
    const finer = this.#finer[instrument]!;
    const path = finer !== null && finer.bar === ledger.bars[instrument] ? finer.prices : null;
    if (this.#execution.books[instrument]!.length !== 0) {
      this.#matcher.run(instrument, openTimeMs, closeTimeMs, open, high, low, close, volume, path);
    }
    if (ledger.quantity[instrument] === 0) return;
    // A position entered inside the bar has seen its close; one entered at its open, or before, all of it.
    const whole = !wasFlat || ledger.enteredAt(instrument) === openTimeMs;
    ledger.trackExcursion(instrument, whole ? high : close, whole ? low : close);
  }

  setIntrabarPath(instrument: number, prices: ArrayLike<number>): void {
    this.#finer[instrument] = { bar: this.#ledger.bars[instrument]! + 1, prices };
  }

  onQuietBars(
    instrument: number,
    bars: QuietBars,
    intervalMs: IntervalMs,
    from: number,
    to: number,
    equity: Float64Array,
    equityFrom: number,
  ): number {
    const end = this.#quietUntil(instrument, bars.time, from, to);
    const row = this.#stretch.take(instrument, bars, intervalMs, from, end, equity, equityFrom - from);
    this.#stretch.excursions[instrument]!.settle();
    return row;
  }

  get takesTargetBars(): boolean {
    return this.#replay !== undefined;
  }

  onTargetBars(
    bars: ReplayBars,
    intervalMs: IntervalMs,
    targets: TargetColumn,
    from: number,
    to: number,
    curves: ReplayCurves,
  ): TargetRows {
    assert(this.#replay, "an account that takes its targets with its bars");
    return this.#replay.run(bars, intervalMs, targets, from, to, curves);
  }

  // Orders that the replay kept to itself go to the tables before those are added to, saved, or asked for an order.
  #completeTables(): void {
    if (this.#filledTargets > 0) this.#replay!.filled.moveTo(this.#orders, this.#fills);
  }

  get #filledTargets(): number {
    return this.#replay === undefined ? 0 : this.#replay.filled.length;
  }

  // Rows before the next event, when nothing but this instrument's price can move the account.
  #quietUntil(instrument: number, time: Float64Array, from: number, to: number): number {
    const ledger = this.#ledger;
    const alone = ledger.held.length === (ledger.quantity[instrument] === 0 ? 0 : 1);
    if (!alone || this.#execution.openOrders > 0 || this.#accrues || ledger.unsettled.length > 0) return from;
    if (ledger.setsRates(instrument)) return from;
    const nextMs = this.#schedule.nextMs[instrument]!;
    let end = to;
    while (end > from && time[end - 1]! >= nextMs) end--;
    return end;
  }

  onTime(timeMs: EpochMs): void {
    const ledger = this.#ledger;
    if (this.#execution.openOrders > 0 || this.#accrues || ledger.unsettled.length > 0) this.#advance(timeMs);
    if (ledger.held.length > 0 && ledger.isShortOfMargin(this.options.maintenanceMargin)) this.#liquidate(timeMs);
  }

  #advance(timeMs: EpochMs): void {
    const { context } = this.#execution;
    const { unsettled } = this.#ledger;
    context.timeMs = timeMs;
    context.barTimeMs = timeMs;
    if (this.#execution.openOrders > 0) this.#expire(timeMs);
    while (unsettled.length > 0 && unsettled[0]! <= timeMs) unsettled.splice(0, 2);
    if (this.#accrues) this.#accrue(timeMs);
  }

  submit(intent: OrderIntent, nowMs: EpochMs): Order {
    this.#completeTables();
    return this.#orders.make(this.#entry.submit(intent, nowMs) - 1);
  }

  submitTargetPercent(instrument: number, fraction: number, nowMs: EpochMs): number {
    this.#completeTables();
    return this.#entry.submitTarget(instrument, fraction, NaN, nowMs);
  }

  submitTargetQuantity(instrument: number, quantity: number, nowMs: EpochMs): number {
    this.#completeTables();
    return this.#entry.submitTarget(instrument, NaN, quantity, nowMs);
  }

  cancel(orderId: number, nowMs: EpochMs, reason = "cancelled by the strategy"): boolean {
    this.#completeTables();
    if (!(Number.isInteger(orderId) && orderId >= 1 && orderId <= this.#orders.length)) return false;
    if (!this.#orders.isOpen(orderId)) return false;
    this.#execution.context.timeMs = nowMs;
    this.#execution.close(orderId, CANCELLED, reason);
    this.#execution.sweep(this.#orders.data[this.#orders.offset(orderId) + O.instrument]!);
    return true;
  }

  afterIntents(nowMs: EpochMs): void {
    if (this.#execution.openOrders === 0 || this.options.marketFill !== "same_close") return;
    for (let instrument = 0; instrument < this.#instruments.length; instrument++) {
      // Only an instrument that closed just now has a close to fill at; elsewhere the order waits for the next open.
      if (this.#stretch.closeMs[instrument] !== nowMs || this.#execution.books[instrument]!.length === 0) continue;
      this.#matcher.sameClose(instrument, nowMs, this.#ledger.mark[instrument]!, this.#stretch.openMs[instrument]!);
    }
  }

  finish(nowMs: EpochMs): void {
    const { lastBar, closeAtEnd } = this.options;
    for (let instrument = 0; instrument < this.#instruments.length; instrument++) {
      if (lastBar === "fill_at_close") this.#matcher.fillAllAtClose(instrument, nowMs, this.#ledger.mark[instrument]!);
      if (lastBar !== "leave_open" || closeAtEnd) this.#cancelAll(instrument, nowMs, "the data ended");
      if (!closeAtEnd) continue;
      const open = this.options.endPrice === "open" ? this.#stretch.open[instrument]! : NaN;
      const price = Number.isNaN(open) ? this.#ledger.mark[instrument]! : open;
      this.#closePosition(instrument, nowMs, price, "closed at the end");
    }
  }

  #cancelAll(instrument: number, nowMs: EpochMs, reason: string): void {
    this.#execution.context.timeMs = nowMs;
    for (const id of this.#execution.books[instrument]!) {
      if (this.#orders.isOpen(id)) this.#execution.close(id, CANCELLED, reason);
    }
    this.#execution.sweep(instrument);
  }

  // Whatever the volume: there is no later bar to wait for.
  #closePosition(instrument: number, nowMs: EpochMs, price: number, tag: string): void {
    const held = this.#ledger.quantity[instrument]!;
    if (held === 0) return;
    this.#completeTables();
    this.#execution.atClose(nowMs);
    this.#execution.context.barTimeMs = this.#stretch.openMs[instrument]!;
    const at = this.#execution.newOrder(instrument, -Math.sign(held), MARKET, GTC, Math.abs(held));
    this.#orders.data[at + O.flags] = REDUCE_ONLY;
    this.#orders.data[at + O.tag] = this.#texts.id(tag);
    this.#execution.fill(this.#orders.length, price, false);
    this.#execution.sweep(instrument);
  }

  #expire(timeMs: EpochMs): void {
    for (let instrument = 0; instrument < this.#instruments.length; instrument++) {
      const book = this.#execution.books[instrument]!;
      if (book.length === 0) continue;
      for (const id of book) {
        if (this.#orders.data[this.#orders.offset(id) + O.expireMs]! > timeMs || !this.#orders.isOpen(id)) continue;
        this.#execution.close(id, EXPIRED, "time in force ended");
      }
      this.#execution.sweep(instrument);
    }
  }

  // Simple interest over the time since the last accrual, on what is held at its end.
  #accrue(timeMs: EpochMs): void {
    const ledger = this.#ledger;
    const sinceMs = timeMs - this.#accruedMs;
    this.#accruedMs = timeMs;
    if (!(sinceMs > 0)) return;
    const years = sinceMs / (this.options.interestDays * dayMs);
    for (const instrument of ledger.held) {
      if (ledger.quantity[instrument]! >= 0) continue;
      const value = ledger.quantity[instrument]! * ledger.mark[instrument]! * ledger.multiplier[instrument]!;
      ledger.applyCashflow(instrument, value * this.options.borrowRate * years);
    }
    const rate = ledger.cash > 0 ? this.options.cashInterestRate : this.options.marginInterestRate;
    const interest = ledger.cash * rate * years;
    ledger.cash += interest;
    ledger.realisedTotal += interest;
  }

  #liquidate(timeMs: EpochMs): void {
    this.#liquidations++;
    // Closing takes positions off the list that is walked.
    for (const instrument of this.#ledger.held.slice()) {
      this.#cancelAll(instrument, timeMs, "liquidation");
      this.#closePosition(instrument, timeMs, this.#ledger.mark[instrument]!, "liquidation");
    }
  }

  #applyEvents(instrument: number, timeMs: EpochMs): void {
    const ledger = this.#ledger;
    for (let event = this.#schedule.take(instrument, timeMs); event; event = this.#schedule.take(instrument, timeMs)) {
      const size = ledger.quantity[instrument]! * ledger.multiplier[instrument]!;
      if (event.kind === "split") {
        ledger.applySplit(instrument, event.ratio, timeMs);
        this.#execution.applySplit(instrument, event.ratio);
      } else if (size !== 0) {
        const perUnit = event.kind === "dividend" ? event.amount : -event.rate * ledger.mark[instrument]!;
        ledger.applyCashflow(instrument, size * perUnit);
      }
    }
  }

  save(): BrokerSnapshot {
    this.#completeTables();
    for (const excursions of this.#stretch.excursions) excursions.settleAll();
    const numbers = (values: ArrayLike<number>) => Array.from(values, numberToJson);
    return {
      format: snapshotFormat,
      symbols: this.#instruments.map((each) => each.symbol),
      texts: this.#texts.save(),
      orders: this.#orders.save(),
      fills: this.#fills.save(),
      ledger: this.#ledger.save(),
      books: this.#execution.books.map((book) => [...book]),
      openOrders: this.#execution.openOrders,
      closedBy: numbers(this.#execution.closedBy),
      schedule: this.#schedule.save(),
      closeMs: numbers(this.#stretch.closeMs),
      openMs: numbers(this.#stretch.openMs),
      open: numbers(this.#stretch.open),
      lastTarget: numbers(this.#entry.lastTarget),
      lastUnit: numbers(this.#entry.lastUnit),
      accruedMs: numberToJson(this.#accruedMs),
      counts: [this.#liquidations, this.#matcher.ambiguousFills, this.#matcher.ambiguousBars],
    };
  }

  load(snapshot: BrokerSnapshot): void {
    const saved = snapshot as unknown as SavedBroker;
    const symbols = this.#instruments.map((each) => each.symbol).join(", ");
    if (saved?.format !== snapshotFormat || saved.symbols.join(", ") !== symbols) {
      throw new QmtlError("SNAPSHOT_MISMATCH", `expected a broker snapshot ("${snapshotFormat}") of ${symbols}`, {
        details: { format: saved?.format ?? null, symbols: saved?.symbols ?? null },
      });
    }
    this.#replay?.filled.clear();
    for (const excursions of this.#stretch.excursions) excursions.clear();
    this.#texts.load(saved.texts);
    this.#orders.load(saved.orders);
    this.#fills.load(saved.fills);
    this.#ledger.load(saved.ledger);
    for (const [instrument, book] of saved.books.entries()) {
      this.#execution.books[instrument]!.splice(0, Infinity, ...book);
    }
    this.#execution.openOrders = saved.openOrders;
    this.#execution.closedBy.set(saved.closedBy.map(jsonToNumber));
    this.#schedule.load(saved.schedule);
    this.#stretch.closeMs.set(saved.closeMs.map(jsonToNumber));
    this.#stretch.openMs.set(saved.openMs.map(jsonToNumber));
    this.#stretch.open.set(saved.open?.map(jsonToNumber) ?? []);
    this.#entry.lastTarget.set(saved.lastTarget.map(jsonToNumber));
    this.#entry.lastUnit.set(saved.lastUnit.map(jsonToNumber));
    this.#accruedMs = jsonToNumber(saved.accruedMs);
    const [liquidations, fills, bars] = saved.counts;
    this.#liquidations = liquidations!;
    this.#matcher.ambiguousFills = fills!;
    this.#matcher.ambiguousBars = bars!;
  }
}

const snapshotFormat = "qmtl-broker-1";

interface SavedBroker {
  readonly format: string;
  readonly symbols: readonly string[];
  readonly texts: readonly string[];
  readonly orders: readonly unknown[];
  readonly fills: readonly unknown[];
  readonly ledger: ReturnType<Ledger["save"]>;
  readonly books: readonly (readonly number[])[];
  readonly openOrders: number;
  readonly closedBy: readonly unknown[];
  readonly schedule: readonly number[];
  readonly closeMs: readonly unknown[];
  readonly openMs: readonly unknown[];
  readonly open?: readonly unknown[]; // not in older ones
  readonly lastTarget: readonly unknown[];
  readonly lastUnit: readonly unknown[];
  readonly accruedMs: unknown;
  readonly counts: readonly number[];
}

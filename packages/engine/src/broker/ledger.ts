import { QmtlError } from "@qmtl/core";
import { StepGrid } from "../money/index.ts";
import type { Instrument } from "../instrument/index.ts";
import { A, stageRows, TRIP } from "../operators/vector/index.ts";
import { jsonToNumber, numberToJson, RecordTable } from "./record-table.ts";
import type { BrokerOptions } from "./options.ts";
import { E, RoundTrips } from "./round-trips.ts";
import type { TradeSums } from "./trade-sums.ts";
import { T, type TradeTable } from "./trade-table.ts";

/** Numbers of a fill that is about to be booked. */
export const C = { signed: 0, price: 1, fee: 2, timeMs: 3 } as const;

/**
 * Cash, positions, cost and trades of one account. Money of every instrument is turned into the account currency when
 * it moves, at the rate of that moment, so that `realised + unrealised = equity - deposits` holds with any currencies:
 * cost basis is carried in account currency too.
 */
export class Ledger {
  readonly currency: string;
  readonly instruments: readonly Instrument[];
  readonly lots: readonly StepGrid[];
  readonly ticks: readonly StepGrid[];
  /** The newest trades, as long as nobody asks for all. */
  readonly trips = new RoundTrips();
  /** Rows that trades of instrument 0 were held over, not looked at yet. */
  readonly tripRanges = new RecordTable(5);

  /** Signed units. */
  readonly quantity: Float64Array;
  /** Quantity-weighted entry price, quote currency; 0 when flat. */
  readonly averagePrice: Float64Array;
  /** Last close; NaN before the first bar. */
  readonly mark: Float64Array;
  /** What the position cost, account currency, signed as the position. */
  readonly cost: Float64Array;
  readonly realised: Float64Array;
  readonly multiplier: Float64Array;
  /** Account currency per unit of the instrument's quote currency. */
  readonly rate: Float64Array;
  /** Row of the open trade, -1 when flat. */
  readonly openTrade: Int32Array;
  /** Bars seen. */
  readonly bars: Int32Array;
  /** Instruments with a position, in no particular order. */
  readonly held: number[] = [];

  /** The fill to be booked next. As parameters of functions these would be objects on the heap, one for each number. */
  readonly coming = new Float64Array(4);

  cash: number;
  deposits: number;
  realisedTotal = 0;
  feesPaid = 0;
  /** Notional of all fills, account currency. */
  traded = 0;
  /** Sale proceeds that cannot be spent yet: due time and amount, in turn, in order of time. */
  unsettled: number[] = [];

  // Instruments whose mark sets a rate: for each, the instruments it converts, and whether by its inverse.
  readonly #rateUsers: (readonly { readonly instrument: number; readonly inverse: boolean }[] | null)[];
  readonly #mixedCurrencies: boolean;
  readonly #trades: TradeTable;

  constructor(options: BrokerOptions, instruments: readonly Instrument[], trades: TradeTable) {
    const count = instruments.length;
    this.instruments = instruments;
    this.#trades = trades;
    this.currency = options.currency ?? instruments[0]?.quoteCurrency ?? "USD";
    this.lots = instruments.map(
      (each) => new StepGrid(wholeLot(each, options.wholeUnits), `lotSize of ${each.symbol}`),
    );
    this.ticks = instruments.map((each) => new StepGrid(each.tickSize, `tickSize of ${each.symbol}`));
    this.quantity = new Float64Array(count);
    this.averagePrice = new Float64Array(count);
    this.mark = new Float64Array(count).fill(NaN);
    this.cost = new Float64Array(count);
    this.realised = new Float64Array(count);
    this.multiplier = Float64Array.from(instruments, (each) => each.multiplier);
    this.rate = new Float64Array(count).fill(1);
    this.openTrade = new Int32Array(count).fill(-1);
    this.bars = new Int32Array(count);
    this.cash = options.cash;
    this.deposits = options.cash;
    this.#rateUsers = instruments.map((each) => rateUsers(each, instruments, this.currency));
    this.#mixedCurrencies = this.#rateUsers.some((users) => users !== null);
    for (const [index, each] of instruments.entries()) {
      if (each.quoteCurrency === this.currency) continue;
      const given = options.fxRates[each.quoteCurrency];
      const traded = this.#rateUsers.some((users) => users?.some((user) => user.instrument === index));
      if (given === undefined && !traded) {
        throw new QmtlError(
          "INSTRUMENT_INVALID",
          `${each.symbol} is quoted in ${each.quoteCurrency}, the account is in ${this.currency}, and no rate is given`,
          {
            details: { symbol: each.symbol, quoteCurrency: each.quoteCurrency, currency: this.currency },
            hint: `give fxRates: { "${each.quoteCurrency}": ... } or trade ${each.quoteCurrency}/${this.currency} in the run`,
          },
        );
      }
      this.rate[index] = given ?? NaN; // known with the first bar of the instrument that gives it
    }
  }

  setMark(instrument: number, price: number): void {
    this.mark[instrument] = price;
    if (!this.#mixedCurrencies) return;
    const users = this.#rateUsers[instrument];
    if (users) for (const user of users) this.rate[user.instrument] = user.inverse ? 1 / price : price;
  }

  /** Whether the instrument's price is a rate that others are converted at. */
  setsRates(instrument: number): boolean {
    return this.#mixedCurrencies && this.#rateUsers[instrument] !== null;
  }

  /** Position value at the mark, account currency, signed. */
  value(instrument: number): number {
    const quantity = this.quantity[instrument]!;
    if (quantity === 0) return 0;
    return quantity * this.mark[instrument]! * this.multiplier[instrument]! * this.rate[instrument]!;
  }

  get equity(): number {
    const { held } = this;
    let sum = this.cash;
    for (let index = 0; index < held.length; index++) sum += this.value(held[index]!);
    return sum;
  }

  /** Equity with one instrument valued at another price than its mark. */
  equityAt(instrument: number, price: number): number {
    let sum = this.cash;
    for (let index = 0; index < this.held.length; index++) {
      const each = this.held[index]!;
      if (each !== instrument) sum += this.value(each);
      else sum += this.quantity[each]! * price * this.multiplier[each]! * this.rate[each]!;
    }
    return sum;
  }

  /** Whether equity is gone, or below `maintenance` times the exposure. */
  isShortOfMargin(maintenance: number): boolean {
    const { held } = this;
    let equity = this.cash;
    let exposure = 0;
    for (let index = 0; index < held.length; index++) {
      const value = this.value(held[index]!);
      equity += value;
      exposure += Math.abs(value);
    }
    return equity <= 0 || equity < maintenance * exposure;
  }

  get unrealised(): number {
    let sum = 0;
    for (const instrument of this.held) sum += this.value(instrument) - this.cost[instrument]!;
    return sum;
  }

  /** When the open trade began; NaN when flat. */
  enteredAt(instrument: number): number {
    const row = this.openTrade[instrument]!;
    return row < 0 ? NaN : this.trades.data[row * this.trades.stride + T.entryMs]!;
  }

  get unsettledCash(): number {
    let sum = 0;
    for (let at = 1; at < this.unsettled.length; at += 2) sum += this.unsettled[at]!;
    return sum;
  }

  /** Lends what orders of instrument 0, the only one, move on to `accountRows`. */
  lend(numbers: Float64Array, stage: Float64Array): void {
    const { trips } = this;
    numbers[A.cash] = this.cash;
    numbers[A.quantity] = this.quantity[0]!;
    numbers[A.averagePrice] = this.averagePrice[0]!;
    numbers[A.cost] = this.cost[0]!;
    numbers[A.realised] = this.realised[0]!;
    numbers[A.realisedTotal] = this.realisedTotal;
    numbers[A.feesPaid] = this.feesPaid;
    numbers[A.traded] = this.traded;
    numbers[A.trips] = trips.isOpen ? 1 : 0;
    if (trips.isOpen) stageRows(stage, "trips", 1).set(trips.last);
    this.#trades.lendSums(numbers);
  }

  /** Takes it back after orders were filled. */
  takeBack(numbers: Float64Array, stage: Float64Array): void {
    const { trips } = this;
    const isHeld = numbers[A.quantity] !== 0;
    this.cash = numbers[A.cash]!;
    this.quantity[0] = numbers[A.quantity]!;
    this.averagePrice[0] = numbers[A.averagePrice]!;
    this.cost[0] = numbers[A.cost]!;
    this.realised[0] = numbers[A.realised]!;
    this.realisedTotal = numbers[A.realisedTotal]!;
    this.feesPaid = numbers[A.feesPaid]!;
    this.traded = numbers[A.traded]!;
    if (trips.isOpen) trips.dropLast();
    trips.appendRows(stageRows(stage, "trips", numbers[A.trips]!));
    this.#trades.takeSumsBack(numbers);
    this.openTrade[0] = isHeld ? this.tradeCount - 1 : -1;
    if (isHeld !== this.held.length > 0) {
      if (isHeld) this.held.push(0);
      else this.held.pop();
    }
  }

  /** All trades; round trips among them from now on. */
  get trades(): TradeTable {
    if (this.trips.length > 0) this.expandTrips();
    return this.#trades;
  }

  get tradeCount(): number {
    return this.#trades.length + this.trips.length;
  }

  /** What trades came to that are over. */
  get tradeSums(): TradeSums {
    return this.#trades.sums();
  }

  /** Gives round trips their rows in the table, and says what they were held over. */
  expandTrips(): void {
    const { trips } = this;
    for (let index = 0; index < trips.length; index++) {
      this.#expandTrip(trips.pieceOf(index), trips.offsetOf(index));
    }
    trips.clear();
  }

  // What `#openWhole` and `#closeWhole` leave of them.
  #expandTrip(trip: Float64Array, from: number): void {
    const signed = trip[from + TRIP.signed]!;
    const entryPrice = trip[from + TRIP.entryPrice]!;
    const exitPrice = trip[from + TRIP.exitPrice]!;
    const isOpen = Number.isNaN(trip[from + TRIP.exitMs]!);
    const quantity = Math.abs(signed);
    const size = signed * this.multiplier[0]!;
    const index = this.#trades.length;
    const at = this.#trades.append();
    const d = this.#trades.data;
    d[at + T.direction] = Math.sign(signed);
    d[at + T.entryMs] = trip[from + TRIP.entryMs]!;
    d[at + T.exitMs] = trip[from + TRIP.exitMs]!;
    d[at + T.entryQuantity] = quantity;
    d[at + T.entryValue] = quantity * entryPrice;
    d[at + T.quantity] = quantity;
    d[at + T.fees] = trip[from + TRIP.fees]!;
    d[at + T.entryBar] = trip[from + TRIP.entryBar]!;
    d[at + T.maxFavorable] = -Infinity;
    d[at + T.maxAdverse] = Infinity;
    d[at + T.multiplier] = this.multiplier[0]!;
    if (!isOpen) {
      d[at + T.exitQuantity] = quantity;
      d[at + T.exitValue] = quantity * exitPrice;
      d[at + T.mark] = exitPrice;
      d[at + T.exitBar] = trip[from + TRIP.exitBar]!;
      this.#trades.widen(index, size, entryPrice, exitPrice, exitPrice);
    }
    const rangeAt = this.tripRanges.append();
    const range = this.tripRanges.data;
    range[rangeAt + E.trade] = index;
    range[rangeAt + E.size] = size;
    range[rangeAt + E.average] = entryPrice;
    range[rangeAt + E.from] = trip[from + TRIP.seenFrom]!;
    range[rangeAt + E.to] = isOpen ? this.trips.seenTo : trip[from + TRIP.seenTo]!;
  }

  /** Books one fill: cash, position, cost, realised profit and the round trip it belongs to. */
  applyFill(instrument: number, signed: number, price: number, fee: number, timeMs: number, tag: number): void {
    const { coming } = this;
    coming[C.signed] = signed;
    coming[C.price] = price;
    coming[C.fee] = fee;
    coming[C.timeMs] = timeMs;
    this.applyComing(instrument, tag);
  }

  /** `applyFill` of the fill that `coming` holds. */
  applyComing(instrument: number, tag: number): void {
    const signed = this.coming[C.signed]!;
    const held = this.quantity[instrument]!;
    const after = this.#settled(instrument, held + signed, Math.max(Math.abs(held), Math.abs(signed)));
    if (held === 0 && after === signed && after !== 0) return this.#openWhole(instrument, tag);
    if (held === -signed && after === 0) return this.#closeWhole(instrument);
    const price = this.coming[C.price]!;
    const fee = this.coming[C.fee]!;
    const rate = this.rate[instrument]!;
    const unit = this.multiplier[instrument]! * rate;
    this.#pay(instrument);
    const reduces = held * signed < 0;
    const whole = reduces && after * held <= 0;
    const closing = whole ? Math.abs(held) : reduces ? Math.abs(signed) : 0;
    const opening = whole || !reduces ? Math.abs(after) - (reduces ? 0 : Math.abs(held)) : 0;
    const closingFee = opening === 0 ? fee : closing === 0 ? 0 : (fee * closing) / (closing + opening);
    let profit = -fee * rate;
    if (closing > 0) {
      const cost = whole ? this.cost[instrument]! : (this.cost[instrument]! * closing) / Math.abs(held);
      profit += Math.sign(held) * closing * price * unit - cost;
      this.cost[instrument] = whole ? 0 : this.cost[instrument]! - cost;
      this.#closeTrade(instrument, closing, closingFee, whole);
      this.quantity[instrument] = whole ? 0 : after;
      if (whole) {
        this.averagePrice[instrument] = 0;
        if (this.held.length === 1)
          this.held.pop(); // the usual case; setting the length of an array is slow
        else this.held.splice(this.held.indexOf(instrument), 1);
      }
    }
    if (opening > 0) {
      const before = Math.abs(this.quantity[instrument]!);
      if (before === 0) this.held.push(instrument);
      const average = this.averagePrice[instrument]!;
      this.averagePrice[instrument] = before === 0 ? price : (before * average + opening * price) / Math.abs(after);
      this.cost[instrument] = this.cost[instrument]! + Math.sign(signed) * opening * price * unit;
      this.quantity[instrument] = after;
      this.#openTrade(instrument, Math.sign(signed), opening, fee - closingFee, tag);
    }
    this.#realise(instrument, profit);
  }

  #pay(instrument: number): void {
    const signed = this.coming[C.signed]!;
    const fee = this.coming[C.fee]!;
    const rate = this.rate[instrument]!;
    const notional = Math.abs(signed) * this.coming[C.price]! * this.multiplier[instrument]!;
    this.cash += signed > 0 ? -(notional + fee) * rate : (notional - fee) * rate;
    this.traded += notional * rate;
    this.feesPaid += fee * rate;
  }

  // What most fills do, without the cases of the others: a position is opened from nothing.
  #openWhole(instrument: number, tag: number): void {
    const signed = this.coming[C.signed]!;
    const price = this.coming[C.price]!;
    const fee = this.coming[C.fee]!;
    this.#pay(instrument);
    this.held.push(instrument);
    this.averagePrice[instrument] = price;
    this.cost[instrument] = signed * price * (this.multiplier[instrument]! * this.rate[instrument]!);
    this.quantity[instrument] = signed;
    const at = this.#newTrade(instrument, tag);
    const d = this.trades.data;
    const quantity = Math.abs(signed);
    d[at + T.direction] = Math.sign(signed);
    d[at + T.entryMs] = this.coming[C.timeMs]!;
    d[at + T.entryQuantity] = quantity;
    d[at + T.entryValue] = quantity * price;
    d[at + T.fees] = fee;
    d[at + T.quantity] = quantity;
    this.#realise(instrument, -fee * this.rate[instrument]!);
  }

  // Or closed whole.
  #closeWhole(instrument: number): void {
    const held = this.quantity[instrument]!;
    const price = this.coming[C.price]!;
    const fee = this.coming[C.fee]!;
    const rate = this.rate[instrument]!;
    this.#pay(instrument);
    const profit = -fee * rate + (held * price * (this.multiplier[instrument]! * rate) - this.cost[instrument]!);
    this.cost[instrument] = 0;
    this.trackExcursion(instrument, price, price);
    const d = this.trades.data;
    const at = this.openTrade[instrument]! * this.trades.stride;
    const quantity = Math.abs(held);
    d[at + T.exitQuantity]! += quantity;
    d[at + T.exitValue]! += quantity * price;
    d[at + T.fees]! += fee;
    this.#endTrade(instrument, at);
    this.quantity[instrument] = 0;
    this.averagePrice[instrument] = 0;
    if (this.held.length === 1)
      this.held.pop(); // the usual case; setting the length of an array is slow
    else this.held.splice(this.held.indexOf(instrument), 1);
    this.#realise(instrument, profit);
  }

  #realise(instrument: number, profit: number): void {
    this.realisedTotal += profit;
    this.realised[instrument] = this.realised[instrument]! + profit;
  }

  // A position lies on the lot grid; without one, what is left of two floats that cancel is no position.
  #settled(instrument: number, quantity: number, scale: number): number {
    const snapped = this.lots[instrument]!.round(quantity);
    return Math.abs(snapped) <= scale * 1e-14 ? 0 : snapped;
  }

  /** Money that moves without a fill: dividends, funding, borrow (quote currency, > 0 is received). */
  applyCashflow(instrument: number, amount: number): void {
    const money = amount * this.rate[instrument]!;
    this.cash += money;
    this.realisedTotal += money;
    this.realised[instrument] = this.realised[instrument]! + money;
    const row = this.openTrade[instrument]!;
    if (row >= 0) this.trades.data[row * this.trades.stride + T.cashflow]! += amount;
  }

  /** More units at lower prices, the same money; what falls off the lot grid is paid out in cash at the mark. */
  applySplit(instrument: number, ratio: number, timeMs: number): void {
    this.quantity[instrument] = this.quantity[instrument]! * ratio;
    this.averagePrice[instrument] = this.averagePrice[instrument]! / ratio;
    this.mark[instrument] = this.mark[instrument]! / ratio;
    const row = this.openTrade[instrument]!;
    if (row < 0) return;
    const at = row * this.trades.stride;
    for (const column of [T.entryQuantity, T.exitQuantity, T.quantity]) this.trades.data[at + column]! *= ratio;
    const off = this.quantity[instrument]! - this.lots[instrument]!.truncate(this.quantity[instrument]!);
    if (off !== 0) this.applyFill(instrument, -off, this.mark[instrument]!, 0, timeMs, 0);
  }

  /** Widens the open trade's best and worst unrealised result by the range of a bar. */
  trackExcursion(instrument: number, high: number, low: number): void {
    const row = this.openTrade[instrument]!;
    if (row < 0) return;
    const size = this.quantity[instrument]! * this.multiplier[instrument]!;
    this.trades.widen(row, size, this.averagePrice[instrument]!, high, low);
  }

  /** Appends a trade that nothing is known of yet; returns the offset of its row. */
  #newTrade(instrument: number, tag: number): number {
    this.openTrade[instrument] = this.trades.length;
    const at = this.trades.append();
    const d = this.trades.data;
    d[at + T.instrument] = instrument;
    d[at + T.exitMs] = NaN;
    d[at + T.entryBar] = this.bars[instrument]!;
    d[at + T.maxFavorable] = -Infinity;
    d[at + T.maxAdverse] = Infinity;
    d[at + T.tag] = tag;
    d[at + T.multiplier] = this.multiplier[instrument]!;
    return at;
  }

  #endTrade(instrument: number, at: number): void {
    const d = this.trades.data;
    d[at + T.exitMs] = this.coming[C.timeMs]!;
    d[at + T.mark] = this.coming[C.price]!;
    d[at + T.exitBar] = this.bars[instrument]!;
    this.openTrade[instrument] = -1;
  }

  #openTrade(instrument: number, direction: number, quantity: number, fee: number, tag: number): void {
    const row = this.openTrade[instrument]!;
    const at = row < 0 ? this.#newTrade(instrument, tag) : row * this.trades.stride;
    const d = this.trades.data;
    if (row < 0) {
      d[at + T.direction] = direction;
      d[at + T.entryMs] = this.coming[C.timeMs]!;
    }
    d[at + T.entryQuantity]! += quantity;
    d[at + T.entryValue]! += quantity * this.coming[C.price]!;
    d[at + T.fees]! += fee;
    const size = Math.abs(this.quantity[instrument]!);
    if (size > d[at + T.quantity]!) d[at + T.quantity] = size;
  }

  #closeTrade(instrument: number, quantity: number, fee: number, whole: boolean): void {
    const price = this.coming[C.price]!;
    this.trackExcursion(instrument, price, price);
    const d = this.trades.data;
    const at = this.openTrade[instrument]! * this.trades.stride;
    d[at + T.exitQuantity]! += quantity;
    d[at + T.exitValue]! += quantity * price;
    d[at + T.fees]! += fee;
    if (whole) this.#endTrade(instrument, at);
  }

  save() {
    const numbers = (values: Float64Array) => Array.from(values, numberToJson);
    return {
      quantity: numbers(this.quantity),
      averagePrice: numbers(this.averagePrice),
      mark: numbers(this.mark),
      cost: numbers(this.cost),
      realised: numbers(this.realised),
      rate: numbers(this.rate),
      openTrade: Array.from(this.openTrade),
      bars: Array.from(this.bars),
      held: [...this.held],
      money: [this.cash, this.deposits, this.realisedTotal, this.feesPaid, this.traded].map(numberToJson),
      unsettled: this.unsettled.map(numberToJson),
      trades: this.trades.save(),
    };
  }

  load(saved: ReturnType<Ledger["save"]>): void {
    const fill = (into: Float64Array, from: readonly unknown[]) => into.set(from.map(jsonToNumber));
    fill(this.quantity, saved.quantity);
    fill(this.averagePrice, saved.averagePrice);
    fill(this.mark, saved.mark);
    fill(this.cost, saved.cost);
    fill(this.realised, saved.realised);
    fill(this.rate, saved.rate);
    this.openTrade.set(saved.openTrade);
    this.bars.set(saved.bars);
    this.held.splice(0, this.held.length, ...saved.held);
    const [cash, deposits, realised, fees, traded] = saved.money.map(jsonToNumber);
    this.cash = cash!;
    this.deposits = deposits!;
    this.realisedTotal = realised!;
    this.feesPaid = fees!;
    this.traded = traded!;
    this.unsettled = saved.unsettled.map(jsonToNumber);
    this.trips.clear();
    this.#trades.load(saved.trades);
  }
}

function wholeLot(instrument: Instrument, wholeUnits: boolean): string {
  if (!wholeUnits) return instrument.lotSize;
  return Number(instrument.lotSize) >= 1 ? instrument.lotSize : "1";
}

function rateUsers(
  source: Instrument,
  instruments: readonly Instrument[],
  currency: string,
): readonly { readonly instrument: number; readonly inverse: boolean }[] | null {
  const [base, quote] = source.symbol.split("/");
  if (base === undefined || quote === undefined) return null;
  const users = instruments.flatMap((each, instrument) => {
    if (each.quoteCurrency === currency) return [];
    if (base === each.quoteCurrency && quote === currency) return [{ instrument, inverse: false }];
    if (base === currency && quote === each.quoteCurrency) return [{ instrument, inverse: true }];
    return [];
  });
  return users.length === 0 ? null : users;
}

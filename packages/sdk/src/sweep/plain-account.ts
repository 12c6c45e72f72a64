import { defaultBrokerOptions, type BrokerOptions } from "@qmtl/engine/broker";
import type { Instrument } from "@qmtl/engine/instrument";
import { StepGrid } from "@qmtl/engine/money";

/** Everything that decides a fill in an account where nothing but market orders to targets can happen. */
export interface PlainAccountTerms {
  readonly cash: number;
  readonly fillsAtClose: boolean;
  readonly sizedAtFill: boolean;
  readonly ordersOnChange: boolean;
  readonly feeRate: number;
  readonly slippageRate: number;
  readonly shorting: boolean;
  readonly rejectsUnpaid: boolean;
  readonly multiplier: number;
  readonly lotSize: string;
  readonly tickSize: string;
}

/**
 * The terms of an account in which only targets, prices, a fee rate and a slippage rate matter: unlevered, one
 * currency, no interest, no events, no bound on volume, no latency.
 *
 * @returns what stands in the way, in words, when another feature of the broker is on
 */
export function plainTerms(options: BrokerOptions, instrument: Instrument): PlainAccountTerms | string {
  const { fees, slippage, slippageOn, percentOf, currency } = options;
  // What is not named above must be as it is by default, options that are yet to come included.
  for (const key of Object.keys(defaultBrokerOptions) as (keyof BrokerOptions)[]) {
    if (understood.has(key)) continue;
    if (JSON.stringify(options[key]) !== JSON.stringify(defaultBrokerOptions[key])) return `broker option ${key}`;
  }
  if (!(options.cash > 0)) return "no cash to start with";
  if (options.marketFill === "next_close") return "market orders that fill at the next close";
  if (options.lastBar === "fill_at_close") return "market orders that fill at the last close";
  if (fees.kind !== "none" && fees.kind !== "percent") return `fees of kind ${fees.kind}`;
  if (fees.kind === "percent" && (fees.minimum !== undefined || fees.maximum !== undefined)) return "bounded fees";
  if (fees.kind === "percent" && fees.rate >= 1) return "fees above the notional";
  if (slippage.kind !== "none" && (slippageOn === "entries" || slippageOn === "within_bar")) return "slippage by fill";
  if (percentOf === "buying_power") return "percents of buying power";
  if (percentOf === "cash" && slippage.kind !== "none" && options.shorting) return "short sales out of cash";
  if (slippage.kind !== "none" && slippage.kind !== "percent") return `slippage of kind ${slippage.kind}`;
  if (currency !== null && currency !== instrument.quoteCurrency) return "currency conversion";
  if (Number(instrument.notionalMin) > 0) return "a minimum notional";
  return {
    cash: options.cash,
    fillsAtClose: options.marketFill === "same_close",
    sizedAtFill: options.sizing === "fill",
    ordersOnChange: options.rebalance === "on_change",
    feeRate: fees.kind === "percent" ? fees.rate : 0,
    slippageRate: slippage.kind === "percent" ? slippage.rate : 0,
    shorting: options.shorting,
    rejectsUnpaid: options.insufficientFunds === "reject",
    multiplier: instrument.multiplier,
    lotSize: options.wholeUnits && !(Number(instrument.lotSize) >= 1) ? "1" : instrument.lotSize,
    tickSize: instrument.tickSize,
  };
}

const understood: ReadonlySet<keyof BrokerOptions> = new Set<keyof BrokerOptions>([
  // taken into account
  "cash",
  "currency",
  "marketFill",
  "sizing",
  "rebalance",
  "fees",
  "slippage",
  "slippageOn",
  "percentOf",
  "shorting",
  "insufficientFunds",
  "wholeUnits",
  "lastBar",
  // without effect on market orders to targets of one instrument
  "semantics",
  "fxRates",
  "intrabarPath",
  "matching",
  "limitFill",
  "limitGap",
  "stopGap",
  "bracketActivation",
  "trailMark",
  "defaultSize",
  "exclusiveOrders",
  "ocoEnd",
  "oneOrderPerBar",
  "shortSales",
  "interestDays",
]);

// A target this close to the position (relative to it) is the position, as the broker has it.
const dust = 1e-9;

/**
 * One position, one cash balance. Every expression is the broker's, term by term in its order, so that the bits are
 * equal; a property test holds it to that.
 */
export class PlainAccount {
  cash = 0;
  quantity = 0;
  feesPaid = 0;
  trades = 0; // closed
  wins = 0;
  losses = 0;
  gained = 0;
  lost = 0;
  readonly terms: PlainAccountTerms;
  readonly #lot: StepGrid;
  readonly #tick: StepGrid;
  #entryValue = 0; // of the open trade
  #exitValue = 0;
  #tradeFees = 0;
  #direction = 0;
  #lastTarget = Number.NaN;

  constructor(terms: PlainAccountTerms) {
    this.terms = terms;
    this.#lot = new StepGrid(terms.lotSize);
    this.#tick = new StepGrid(terms.tickSize);
    this.reset();
  }

  reset(): void {
    this.cash = this.terms.cash;
    this.quantity = this.feesPaid = this.trades = this.wins = this.losses = this.gained = this.lost = 0;
    this.#entryValue = this.#exitValue = this.#tradeFees = this.#direction = 0;
    this.#lastTarget = Number.NaN;
  }

  /**
   * A market order to a target, sent at a close of `mark` and filled where the market is at `base`.
   *
   * @param isPercent - the target is a fraction of equity, else units
   * @returns whether the position changed
   */
  toTarget(target: number, isPercent: boolean, mark: number, base: number): boolean {
    if (target === this.#lastTarget && this.terms.ordersOnChange) return false;
    this.#lastTarget = target;
    const held = this.quantity;
    const delta = this.#delta(target, isPercent, mark);
    if (Math.abs(delta) <= dust * Math.abs(held) || delta === 0) return false;
    let signed = delta;
    if (this.terms.sizedAtFill && isPercent && target !== 0) {
      if (this.#lot.floor(Math.abs(delta)) === 0) return false;
      signed = this.#units(target, base);
    }
    let quantity = this.#lot.floor(Math.abs(signed));
    if (!(quantity > 0)) return false;
    const side = signed > 0 ? 1 : -1;
    const closable = held * side < 0 ? Math.abs(held) : 0;
    if (side < 0 && quantity > closable && !this.terms.shorting) {
      if (closable === 0) return false;
      quantity = closable;
    }
    const price = this.#slipped(side, base);
    if (quantity > closable) {
      const affordable = this.#affordable(side, quantity, closable, price);
      if (affordable < quantity) quantity = this.terms.rejectsUnpaid ? closable : affordable;
      if (!(quantity > 0)) return false;
    }
    this.#book(side * quantity, price);
    return true;
  }

  equityAt(mark: number): number {
    return this.quantity === 0 ? this.cash : this.cash + this.quantity * mark * this.terms.multiplier;
  }

  #delta(target: number, isPercent: boolean, mark: number): number {
    if (!isPercent) return target - this.quantity;
    if (target === 0) return 0 - this.quantity;
    return this.#units(target, mark);
  }

  // Units between the position and a fraction of equity, at `price`.
  #units(fraction: number, price: number): number {
    const { multiplier } = this.terms;
    return (fraction * this.equityAt(price)) / (price * multiplier) - this.quantity;
  }

  #slipped(side: number, base: number): number {
    const slip = base * this.terms.slippageRate;
    if (slip === 0) return base;
    return side > 0 ? this.#tick.ceil(base + slip) : this.#tick.floor(Math.max(base - slip, 0));
  }

  #feeOf(quantity: number, price: number): number {
    return quantity * price * this.terms.multiplier * this.terms.feeRate;
  }

  #affordable(side: number, quantity: number, closable: number, price: number): number {
    const unit = price * this.terms.multiplier;
    const offset = this.quantity * side;
    const budget = this.cash + this.quantity * price * this.terms.multiplier;
    if (!Number.isFinite(budget) || !(unit > 0)) return closable;
    let size = quantity;
    if (this.#fits(size, offset, side, unit, price, budget)) return size;
    for (let attempt = 0; attempt < 64 && size > closable; attempt++) {
      const feePerUnit = this.#feeOf(size, price) / size;
      const bound = (budget - offset * unit) / (unit + feePerUnit);
      const { step } = this.#lot;
      const less = step > 0 ? step / 2 : 2 ** -52 * (size + Math.abs(offset));
      size = this.#lot.floor(Math.min(bound, size - less));
      if (size > closable && this.#fits(size, offset, side, unit, price, budget)) return size;
    }
    return closable;
  }

  #fits(size: number, offset: number, side: number, unit: number, price: number, budget: number): boolean {
    const fee = this.#feeOf(size, price);
    if ((size + offset) * unit + fee > budget) return false;
    return side < 0 || size * unit + fee <= this.cash;
  }

  #book(signed: number, price: number): void {
    const { multiplier } = this.terms;
    const held = this.quantity;
    const size = Math.abs(signed);
    const fee = this.#feeOf(size, price);
    const notional = size * price * multiplier;
    this.cash += signed > 0 ? -(notional + fee) : notional - fee;
    this.feesPaid += fee;
    const snapped = this.#lot.round(held + signed);
    const after = Math.abs(snapped) <= Math.max(Math.abs(held), size) * 1e-14 ? 0 : snapped;
    const reduces = held * signed < 0;
    const whole = reduces && after * held <= 0;
    const closing = whole ? Math.abs(held) : reduces ? size : 0;
    const opening = whole || !reduces ? Math.abs(after) - (reduces ? 0 : Math.abs(held)) : 0;
    const closingFee = opening === 0 ? fee : closing === 0 ? 0 : (fee * closing) / (closing + opening);
    this.quantity = after;
    if (closing > 0) {
      this.#exitValue += closing * price;
      this.#tradeFees += closingFee;
      if (whole) this.#endTrade();
    }
    if (opening > 0) {
      if (this.#direction === 0) this.#direction = signed > 0 ? 1 : -1;
      this.#entryValue += opening * price;
      this.#tradeFees += fee - closingFee;
    }
  }

  #endTrade(): void {
    const pnl = this.#direction * this.terms.multiplier * (this.#exitValue - this.#entryValue) - this.#tradeFees;
    this.trades++;
    if (pnl > 0) {
      this.wins++;
      this.gained += pnl;
    } else if (pnl < 0) {
      this.losses++;
      this.lost -= pnl;
    }
    this.#entryValue = this.#exitValue = this.#tradeFees = this.#direction = 0;
  }
}

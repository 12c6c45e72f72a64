import { feeOf } from "./fees.ts";
import type { Ledger } from "./ledger.ts";
import type { BrokerOptions } from "./options.ts";
import { SIZE_ALL, SIZE_TARGET_PERCENT, SIZE_VALUE } from "./order-table.ts";
import { slippageOf } from "./slippage.ts";

/** What an account can pay for: fees ahead of a fill, buying power, and sizes turned into units. */
export class Funds {
  readonly #options: BrokerOptions;
  readonly #ledger: Ledger;
  /** A full short target is all that can be sold short: after slippage more units than equity is worth before it. */
  readonly #sellsShortFromCash: boolean;

  constructor(options: BrokerOptions, ledger: Ledger) {
    this.#options = options;
    this.#ledger = ledger;
    this.#sellsShortFromCash = sellsShortFromCash(options);
  }

  /** Signed units that a size stands for at `price`, before snapping to the lot. */
  unitsFor(instrument: number, side: number, kind: number, size: number, price: number): number {
    const ledger = this.#ledger;
    const unit = price * ledger.multiplier[instrument]!;
    if (kind === SIZE_ALL) return side * Infinity;
    if (kind === SIZE_VALUE) return (side * size) / unit;
    const { percentOf } = this.#options;
    const afterCosts = percentOf === "buying_power";
    const rated = unit * ledger.rate[instrument]!;
    if (kind === SIZE_TARGET_PERCENT) {
      const held = ledger.quantity[instrument]!;
      if (size === -1 && held === 0 && this.#sellsShortFromCash) return -this.#shareOfCash(instrument, -1, 1, price);
      let base = this.#ledger.equityAt(instrument, price);
      if (afterCosts) {
        const closing = held * size < 0 ? this.feeFor(instrument, Math.abs(held), price, false) : 0;
        const share = Math.abs(size) * this.#options.initialMargin;
        base =
          (base - closing * ledger.rate[instrument]!) * this.#afterCosts(instrument, Math.sign(size), price, share);
      }
      return (size * base) / rated - held;
    }
    if (percentOf === "cash") return side * this.#shareOfCash(instrument, side, size, price);
    const base = afterCosts
      ? (Math.max(0, this.buyingPower(instrument, price)) / this.#options.initialMargin) *
        this.#afterCosts(instrument, side, price, size)
      : this.#ledger.equityAt(instrument, price);
    return (side * size * base) / rated;
  }

  /** Fee in quote currency of a fill that has not happened yet. */
  feeFor(instrument: number, quantity: number, price: number, maker: boolean): number {
    const notional = quantity * price * this.#ledger.multiplier[instrument]!;
    return feeOf(this.#options.fees, quantity, notional, maker, this.#ledger.traded);
  }

  /**
   * Money, account currency, that may still go into `instrument` at `price`: settled cash in a cash account; in a
   * margin account equity less the margin of all positions.
   */
  buyingPower(instrument: number, price: number): number {
    const ledger = this.#ledger;
    if (this.#options.account === "cash") return ledger.cash - ledger.unsettledCash;
    const unit = price * ledger.multiplier[instrument]! * ledger.rate[instrument]!;
    let free = ledger.cash;
    for (const each of ledger.held) {
      const value = each === instrument ? ledger.quantity[each]! * unit : ledger.value(each);
      free += value - Math.abs(value) * this.#options.initialMargin;
    }
    return free;
  }

  /** Units an order for all that can be paid for would get at `price`. */
  largest(instrument: number, side: number, price: number): number {
    const held = this.#ledger.quantity[instrument]!;
    const closable = held * side < 0 ? Math.abs(held) : 0;
    return this.affordable(instrument, side, Infinity, closable, price, false);
  }

  /**
   * The largest quantity up to `quantity` that can be paid for; at least `closable`, because closing is always allowed.
   * Unlevered, cash after the fill is tested by the very expression the ledger books: it never ends an ulp below zero.
   *
   * @param share - of the money that an order without bound may take
   * @param feePrice - the price that fees are counted at
   */
  affordable(
    instrument: number,
    side: number,
    quantity: number,
    closable: number,
    price: number,
    maker: boolean,
    share = 1,
    feePrice = price,
  ): number {
    const ledger = this.#ledger;
    const inCash = this.#options.account === "cash";
    if (inCash && side < 0) return Number.isFinite(quantity) ? quantity : closable;
    const margin = inCash ? 1 : this.#options.initialMargin;
    const rate = ledger.rate[instrument]!;
    const unit = price * ledger.multiplier[instrument]!;
    // Margin is needed for the position after the fill; in a cash account for what is bought, settled cash pays.
    const offset = inCash ? 0 : ledger.quantity[instrument]! * side;
    const whole = inCash ? ledger.cash - ledger.unsettledCash : this.#marginBudget(instrument, price);
    if (!Number.isFinite(whole) || !(unit * rate > 0)) return closable;
    const budget = whole - (1 - share) * (whole - offset * unit * margin * rate);
    const feeMargin = this.#options.percentOf === "buying_power" ? margin : 1;
    const lot = ledger.lots[instrument]!;
    let size = quantity;
    if (!Number.isFinite(size)) size = lot.floor((budget / rate - offset * unit * margin) / (unit * margin));
    for (let attempt = 0; attempt <= 64 && size > closable; attempt++) {
      const fee = this.feeFor(instrument, size, feePrice, maker);
      const bought = margin < 1 || side < 0 || (size * unit + fee) * rate <= ledger.cash;
      if (bought && !(((size + offset) * unit * margin + fee * feeMargin) * rate > budget)) return size;
      const feePerUnit = fee / size;
      const bound = (budget / rate - offset * unit * margin) / (unit * margin + feePerUnit * feeMargin);
      // One rounding of the position after the fill less: beside a large one a smaller step would not be seen.
      const step = lot.step > 0 ? lot.step / 2 : 2 ** -52 * (size + Math.abs(offset));
      size = lot.floor(Math.min(bound, size - step));
    }
    return closable;
  }

  // Equity, with this instrument at `price`, less the margin of all other positions.
  #marginBudget(instrument: number, price: number): number {
    const ledger = this.#ledger;
    let free =
      ledger.cash + ledger.quantity[instrument]! * price * ledger.multiplier[instrument]! * ledger.rate[instrument]!;
    for (let index = 0; index < ledger.held.length; index++) {
      const each = ledger.held[index]!;
      if (each === instrument) continue;
      const value = ledger.value(each);
      free += value - Math.abs(value) * this.#options.initialMargin;
    }
    return free;
  }

  // Units that a share of the cash buys or, sold, brings the position to, costs included.
  #shareOfCash(instrument: number, side: number, share: number, price: number): number {
    const held = this.#ledger.quantity[instrument]!;
    if (side < 0 && !this.#options.shorting) return share * Math.max(held, 0);
    const slipped = price + side * this.#slipOfOne(instrument, price);
    if (side > 0) return this.affordable(instrument, side, Infinity, 0, slipped, false, share);
    return share * this.affordable(instrument, side, Infinity, Math.max(held, 0), slipped, false);
  }

  // What is left for units out of one unit of money, when slippage and the fee of the purchase come out of it too. A fee
  // that is not a rate counts for each unit as that of an order of `size` units.
  #afterCosts(instrument: number, side: number, price: number, size: number): number {
    const fee = this.feeFor(instrument, size, price, false) / (size * this.#ledger.multiplier[instrument]!);
    return price / (price + side * this.#slipOfOne(instrument, price) + fee);
  }

  #slipOfOne(instrument: number, price: number): number {
    // The bar is not known yet: slippage by volume counts with its fallback.
    return slippageOf(this.#options.slippage, price, 1, NaN, this.#ledger.ticks[instrument]!.step);
  }
}

/** Whether a target of -1 from flat is sized by what can be sold short, where that is another size. */
function sellsShortFromCash({ percentOf, slippage, shorting }: BrokerOptions): boolean {
  return percentOf === "cash" && slippage.kind !== "none" && shorting;
}

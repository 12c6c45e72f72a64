import { feeOf } from "./fees.ts";
import type { Ledger } from "./ledger.ts";
import type { BrokerOptions } from "./options.ts";
import { SIZE_ALL, SIZE_TARGET_PERCENT, SIZE_VALUE } from "./order-table.ts";
import { slippageOf } from "./slippage.ts";

/** What an account can pay for: fees ahead of a fill, buying power, and sizes turned into units. */
export class Funds {
  readonly #options: BrokerOptions;
  readonly #ledger: Ledger;

  constructor(options: BrokerOptions, ledger: Ledger) {
    this.#options = options;
    this.#ledger = ledger;
  }

  /** Signed units that a size stands for at `price`, before snapping to the lot. */
  unitsFor(instrument: number, side: number, kind: number, size: number, price: number): number {
    const ledger = this.#ledger;
    const unit = price * ledger.multiplier[instrument]!;
    if (kind === SIZE_ALL) return side * Infinity;
    if (kind === SIZE_VALUE) return (side * size) / unit;
    const afterCosts = this.#options.percentOf === "buying_power";
    const rated = unit * ledger.rate[instrument]!;
    if (kind === SIZE_TARGET_PERCENT) {
      const held = ledger.quantity[instrument]!;
      let base = this.#ledger.equityAt(instrument, price);
      if (afterCosts) {
        const closing = held * size < 0 ? this.feeFor(instrument, Math.abs(held), price, false) : 0;
        base = (base - closing * ledger.rate[instrument]!) * this.#afterCosts(instrument, price);
      }
      return (size * base) / rated - held;
    }
    const base = afterCosts
      ? (Math.max(0, this.buyingPower(instrument, price)) / this.#options.initialMargin) *
        this.#afterCosts(instrument, price)
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
   */
  affordable(
    instrument: number,
    side: number,
    quantity: number,
    closable: number,
    price: number,
    maker: boolean,
  ): number {
    const ledger = this.#ledger;
    const inCash = this.#options.account === "cash";
    if (inCash && side < 0) return Number.isFinite(quantity) ? quantity : closable;
    const margin = inCash ? 1 : this.#options.initialMargin;
    const rate = ledger.rate[instrument]!;
    const unit = price * ledger.multiplier[instrument]!;
    // Margin is needed for the position after the fill; in a cash account for what is bought, settled cash pays.
    const offset = inCash ? 0 : ledger.quantity[instrument]! * side;
    const budget = inCash ? ledger.cash - ledger.unsettledCash : this.#marginBudget(instrument, price);
    if (!Number.isFinite(budget) || !(unit * rate > 0)) return closable;
    const lot = ledger.lots[instrument]!;
    let size = quantity;
    if (!Number.isFinite(size)) size = lot.floor((budget / rate - offset * unit * margin) / (unit * margin));
    for (let attempt = 0; attempt <= 64 && size > closable; attempt++) {
      const fee = this.feeFor(instrument, size, price, maker);
      const bought = margin < 1 || side < 0 || (size * unit + fee) * rate <= ledger.cash;
      if (bought && !(((size + offset) * unit * margin + fee) * rate > budget)) return size;
      const feePerUnit = fee / size;
      const bound = (budget / rate - offset * unit * margin) / (unit * margin + feePerUnit);
      size = lot.floor(Math.min(bound, lot.step > 0 ? size - lot.step / 2 : size * (1 - 2 ** -52)));
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

  // What is left for units out of one unit of money, when slippage and the fee of the purchase come out of it too.
  #afterCosts(instrument: number, price: number): number {
    const slip = slippageOf(
      this.#options.slippage,
      price,
      1,
      NaN, // the bar is not known yet: slippage by volume counts with its fallback
      this.#ledger.ticks[instrument]!.step,
    );
    const fee = this.feeFor(instrument, 1, price + slip, false) / this.#ledger.multiplier[instrument]!;
    return price / (price + slip + fee);
  }
}

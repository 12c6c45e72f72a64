import { QmtlError, shown } from "@qmtl/core";
import type { Side } from "@qmtl/engine/broker";
import { orderPercent, orderTargetPercent, orderValue } from "./order-size.ts";

/** Units of one symbol, signed, at their average cost. Money is in one currency. */
export interface Position {
  readonly symbol: string;
  readonly quantity: number;
  /** Price the open units were bought, or sold short, at on average. */
  readonly averageCost: number;
  readonly markPrice: number;
  readonly marketValue: number;
  readonly unrealisedPnl: number;
}

export interface PortfolioFill {
  readonly symbol: string;
  readonly side: Side;
  /** > 0 */
  readonly quantity: number;
  readonly price: number;
  readonly commission?: number;
}

/**
 * Cash and positions that fills change, for authors' own bookkeeping; in a run the account of the broker is the truth.
 *
 * Adding to a position, long or short, averages its cost over absolute quantities; reducing it leaves the cost and
 * realises the difference; going through flat opens the rest at the price of the fill.
 */
export class Portfolio {
  cash: number;
  /** Of closed units, commissions taken off. */
  realisedPnl = 0;
  feesPaid = 0;
  readonly #positions = new Map<string, { quantity: number; averageCost: number; markPrice: number }>();

  constructor(cash = 0) {
    this.cash = cash;
  }

  /** Open positions, in the order they were opened. */
  get positions(): readonly Position[] {
    return [...this.#positions.keys()].map((symbol) => this.position(symbol)!);
  }

  position(symbol: string): Position | undefined {
    const held = this.#positions.get(symbol);
    return (
      held && {
        symbol,
        ...held,
        marketValue: held.quantity * held.markPrice,
        unrealisedPnl: held.quantity * held.markPrice - held.quantity * held.averageCost,
      }
    );
  }

  /** Cash plus the value of all positions. */
  get totalValue(): number {
    return this.positions.reduce((sum, { marketValue }) => sum + marketValue, this.cash);
  }

  /** @throws QmtlError `PARAMETER_INVALID` unless quantity > 0 and the price is finite */
  applyFill({ symbol, side, quantity, price, commission = 0 }: PortfolioFill): void {
    if (!(quantity > 0 && quantity < Infinity && Number.isFinite(price) && Number.isFinite(commission))) {
      throw new QmtlError(
        "PARAMETER_INVALID",
        `a fill needs a quantity > 0 and a finite price and commission; found ${shown(quantity)}, ${shown(price)}, ${shown(commission)}`,
      );
    }
    const signed = side === "BUY" ? quantity : -quantity;
    this.cash -= signed * price + commission;
    this.feesPaid += commission;
    this.realisedPnl -= commission;
    const held = this.#positions.get(symbol);
    if (held === undefined) {
      this.#positions.set(symbol, { quantity: signed, averageCost: price, markPrice: price });
      return;
    }
    const before = held.quantity;
    const after = before + signed;
    held.markPrice = price;
    if (before * signed > 0) {
      held.averageCost = (Math.abs(before) * held.averageCost + quantity * price) / Math.abs(after);
    } else {
      const closed = Math.min(Math.abs(before), quantity);
      this.realisedPnl += Math.sign(before) * closed * (price - held.averageCost);
      if (before * after < 0) held.averageCost = price;
    }
    held.quantity = after;
    if (after === 0) this.#positions.delete(symbol);
  }

  /** Values a position at a new price. A symbol that is not held is none to value. */
  mark(symbol: string, price: number): void {
    const held = this.#positions.get(symbol);
    if (held) held.markPrice = price;
  }

  /** Units worth `value`. @throws QmtlError `PARAMETER_INVALID` unless `price > 0` */
  orderValue(value: number, price: number): number {
    return orderValue(value, price);
  }

  /** Units worth a fraction of the total value. */
  orderPercent(percent: number, price: number): number {
    return orderPercent(this.totalValue, percent, price);
  }

  /** Units, signed, that bring a symbol to a fraction of the total value, valued at `price`. */
  orderTargetPercent(symbol: string, percent: number, price: number): number {
    const held = this.#positions.get(symbol);
    const quantity = held?.quantity ?? 0;
    const total = this.totalValue + (held ? quantity * (price - held.markPrice) : 0);
    return orderTargetPercent(total, percent, quantity, price);
  }
}

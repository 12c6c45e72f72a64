import { QmtlError, shown } from "@qmtl/core";
import type { OrderContext, OrderPayload } from "./order-stage.ts";

/**
 * Units that a value buys. `price` is money per unit (times the contract multiplier, in the currency of `value`).
 *
 * @throws QmtlError `PARAMETER_INVALID` unless `price > 0`
 */
export function orderValue(value: number, price: number): number {
  return value / positivePrice(price);
}

/** Units worth `percent` (a fraction) of `equity`. @throws QmtlError `PARAMETER_INVALID` */
export function orderPercent(equity: number, percent: number, price: number): number {
  return (equity * percent) / positivePrice(price);
}

/** Units, signed, that bring a position of `quantity` to `percent` (a fraction) of `equity`. @throws QmtlError `PARAMETER_INVALID` */
export function orderTargetPercent(equity: number, percent: number, quantity: number, price: number): number {
  return (equity * percent - quantity * price) / positivePrice(price);
}

/** Price an order is sized and checked at: its limit, else the last close. Quote currency; NaN before the first bar. */
export function sizingPriceOf(order: OrderPayload, instrument: number, context: OrderContext): number {
  const limit = order["limit_price"];
  return typeof limit === "number" ? limit : context.markOf(instrument);
}

/**
 * Price that exposure is counted at: of a buy its limit, else the last close; of a sale the higher of the two, because
 * a sale fills at its limit or above. Quote currency; NaN before the first bar.
 */
export function exposurePriceOf(order: OrderPayload, units: number, instrument: number, context: OrderContext): number {
  const price = sizingPriceOf(order, instrument, context);
  return units < 0 ? Math.max(price, context.markOf(instrument)) : price;
}

/** Money of one unit at a price, account currency. */
export function unitMoney(price: number, instrument: number, context: OrderContext): number {
  return price * context.instruments[instrument]!.multiplier * context.rateOf(instrument);
}

/** Units of an order, signed by its side, or of the position ("target") that it is to reach. */
export interface UnitSize {
  readonly kind: "order" | "target";
  readonly units: number;
}

/** The size of a normalised order in units: NaN while no price or rate is known, undefined when it has none. */
export function unitSizeOf(order: OrderPayload, instrument: number, context: OrderContext): UnitSize | undefined {
  const { equity } = context.account;
  const sign = order["side"] === "SELL" ? -1 : 1;
  const size = (field: string) => (typeof order[field] === "number" ? order[field] : undefined);
  const quantity = size("quantity");
  if (quantity !== undefined) return { kind: "order", units: sign * quantity };
  const targetQuantity = size("target_quantity");
  if (targetQuantity !== undefined) return { kind: "target", units: targetQuantity };
  const price = sizingPriceOf(order, instrument, context);
  const value = size("value");
  if (value !== undefined) {
    // A value is in quote currency, so the exchange rate plays no part.
    return { kind: "order", units: (sign * value) / (price * context.instruments[instrument]!.multiplier) };
  }
  const percent = size("percent");
  if (percent !== undefined) {
    return { kind: "order", units: (sign * percent * equity) / unitMoney(price, instrument, context) };
  }
  const targetPercent = size("target_percent");
  if (targetPercent === undefined) return undefined;
  if (targetPercent === 0) return { kind: "target", units: 0 };
  return {
    kind: "target",
    units: (targetPercent * equity) / unitMoney(context.markOf(instrument), instrument, context),
  };
}

/** What open orders may still trade beside an order: a target replaces the targets before it. */
export function pendingBeside(
  kind: UnitSize["kind"],
  instrument: number,
  context: OrderContext,
): { readonly buys: number; readonly sells: number } {
  const { buys, sells, targetBuys, targetSells } = context.pendingOf(instrument);
  return kind === "target" ? { buys: buys - targetBuys, sells: sells - targetSells } : { buys, sells };
}

/** Exposure that is held, or that open orders could lead to, at the last closes; account currency. */
export function committedExposure(context: OrderContext, except?: number): number {
  let sum = 0;
  for (let instrument = 0; instrument < context.instruments.length; instrument++) {
    if (instrument === except) continue;
    const held = context.account.position(instrument).quantity;
    const { buys, sells } = context.pendingOf(instrument);
    const units = Math.max(Math.abs(held + buys), Math.abs(held - sells));
    if (units > 0) sum += units * unitMoney(context.markOf(instrument), instrument, context);
  }
  return sum;
}

/** The same order with its size in units, the other size fields gone. Zero units: undefined, unless a target. */
export function withUnits(order: OrderPayload, size: UnitSize): OrderPayload | undefined {
  const rest = Object.fromEntries(Object.entries(order).filter(([field]) => !sizeFields.has(field)));
  if (size.kind === "target") return { ...rest, target_quantity: size.units };
  if (size.units === 0) return undefined;
  return { ...rest, side: size.units < 0 ? "SELL" : "BUY", quantity: Math.abs(size.units) };
}

const sizeFields = new Set(["quantity", "value", "percent", "target_quantity", "target_percent", "side"]);

function positivePrice(price: number): number {
  if (price > 0) return price;
  throw new QmtlError("PARAMETER_INVALID", `price must be a number > 0; found ${shown(price)}`);
}

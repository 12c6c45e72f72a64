import type { Side } from "@qmtl/engine/broker";

/**
 * Commission of one fill, quote currency: `max(notional * rate, minimum)`. Defaults: 10 basis points, at least 1.
 * For costs outside a simulation; in a run the broker's `fees` are charged, on what filled.
 */
export function commissionOf(notional: number, { rate = 0.001, minimum = 1 } = {}): number {
  return Math.max(Math.abs(notional) * rate, minimum);
}

/**
 * Price after slippage of `bps` basis points (1/10,000 of the price): up for a buy, down for a sell. `price` is where
 * one can trade (the ask of a buyer), so that half a spread is in it already and is not added again.
 */
export function slippedPrice(price: number, side: Side, bps: number): number {
  return price * (side === "BUY" ? 1 + bps / 10_000 : 1 - bps / 10_000);
}

/** Slippage of a fill against a reference price, basis points; positive is a cost. */
export function slippageBps(fillPrice: number, referencePrice: number, side: Side): number {
  return ((side === "BUY" ? 1 : -1) * (fillPrice - referencePrice) * 10_000) / referencePrice;
}

/** Money a fill cost beyond its reference price, commission included, quote currency; negative is a gain. */
export function implementationShortfall(
  fill: { readonly side: Side; readonly quantity: number; readonly price: number; readonly fee: number },
  referencePrice: number,
): number {
  return (fill.side === "BUY" ? 1 : -1) * (fill.price - referencePrice) * fill.quantity + fill.fee;
}

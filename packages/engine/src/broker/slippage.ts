import type { StepGrid } from "../money/index.ts";
import { fail, failUnknown, number, oneOf, record } from "./option-checks.ts";

/**
 * How far a taker's price moves against it. Applies to market orders, triggered stops and limits that take at the
 * open (never beyond their limit); a resting limit fills at its price.
 */
export type SlippageModel =
  | { readonly kind: "none" }
  /** `price * rate`. */
  | { readonly kind: "percent"; readonly rate: number }
  /** Whole ticks of the instrument. */
  | { readonly kind: "ticks"; readonly ticks: number }
  /** A fixed amount of quote currency per unit. */
  | { readonly kind: "fixed"; readonly amount: number }
  /** Half the spread by default: `price * spread * fraction`. */
  | { readonly kind: "spread"; readonly spread: number; readonly fraction?: number }
  /** `price * coefficient * (quantity / volume)^2`; `fallback` (a rate) where the bar has no volume. */
  | { readonly kind: "volume_share"; readonly coefficient: number; readonly fallback?: number }
  /** `price * coefficient * sqrt(quantity / volume)`, the square-root law; `fallback` where the bar has no volume. */
  | { readonly kind: "square_root"; readonly coefficient: number; readonly fallback?: number };

/** Slippage per unit, quote currency, >= 0, before snapping to the tick. */
export function slippageOf(
  model: SlippageModel,
  price: number,
  quantity: number,
  volume: number,
  tick: number,
): number {
  switch (model.kind) {
    case "none":
      return 0;
    case "percent":
      return price * model.rate;
    case "ticks":
      return model.ticks * tick;
    case "fixed":
      return model.amount;
    case "spread":
      return price * model.spread * (model.fraction ?? 0.5);
    case "volume_share":
      return price * (volume > 0 ? model.coefficient * (quantity / volume) ** 2 : (model.fallback ?? 0.0005));
    case "square_root":
      return price * (volume > 0 ? model.coefficient * Math.sqrt(quantity / volume) : (model.fallback ?? 0.0005));
  }
}

/** A taker's price: moved against it, on the tick, never below 0. Limits are the caller's. @param side - +1 buys */
export function slippedPrice(
  model: SlippageModel,
  tick: StepGrid,
  price: number,
  side: number,
  quantity: number,
  volume: number,
): number {
  const slip = slippageOf(model, price, quantity, volume, tick.step);
  if (slip === 0) return price;
  return side > 0 ? tick.ceil(price + slip) : tick.floor(Math.max(price - slip, 0));
}

const fieldsOf: Readonly<
  Record<SlippageModel["kind"], { readonly needed: readonly string[]; readonly optional: readonly string[] }>
> = {
  none: { needed: [], optional: [] },
  percent: { needed: ["rate"], optional: [] },
  ticks: { needed: ["ticks"], optional: [] },
  fixed: { needed: ["amount"], optional: [] },
  spread: { needed: ["spread"], optional: ["fraction"] },
  volume_share: { needed: ["coefficient"], optional: ["fallback"] },
  square_root: { needed: ["coefficient"], optional: ["fallback"] },
};

/** @throws QmtlError `BROKER_OPTION_INVALID` */
export function resolveSlippage(value: unknown): SlippageModel {
  const fields = record(value, "slippage");
  oneOf(...Object.keys(fieldsOf))(fields["kind"], "slippage.kind");
  const kind = fields["kind"] as SlippageModel["kind"];
  const { needed, optional } = fieldsOf[kind];
  const known = ["kind", ...needed, ...optional];
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) failUnknown(name, known, `slippage of kind "${kind}"`);
  }
  for (const name of needed) if (fields[name] === undefined) fail(`slippage.${name}`, "given", undefined);
  for (const [name, each] of Object.entries(fields)) {
    if (name === "ticks")
      number((ticks) => Number.isInteger(ticks) && ticks >= 0, "whole ticks >= 0")(each, "slippage.ticks");
    else if (name !== "kind") number((amount) => amount >= 0, "a number >= 0")(each, `slippage.${name}`);
  }
  return value as SlippageModel;
}

import { QmtlError, shown } from "@qmtl/core";
import type { OrderIntent } from "./types.ts";

export type SizeField = (typeof sizeFields)[number];

const sizeFields = ["quantity", "value", "percent", "targetQuantity", "targetPercent"] as const;
const priceFields = ["limitPrice", "stopPrice", "trailAmount", "trailPercent", "stopLoss", "takeProfit"] as const;

/**
 * Refuses an intent that cannot be an order whatever the market does. What depends on money or on the market is no
 * error: such an order is accepted and then rejected, cancelled or expired, with a reason.
 *
 * @returns the size field that is given; undefined when none is and the broker has a default size
 * @throws QmtlError `ORDER_INVALID`
 */
export function checkIntent(intent: OrderIntent, hasDefaultSize: boolean): SizeField | undefined {
  for (const field of priceFields) {
    const value = intent[field];
    if (value !== undefined && !(value > 0 && value < Infinity)) invalid(field, "a number > 0", value);
  }
  let sized: SizeField | undefined;
  for (const field of sizeFields) {
    const value = intent[field];
    if (value === undefined) continue;
    if (sized !== undefined) invalid("size", `one of ${sizeFields.join(", ")}`, `${sized} and ${field}`);
    if (!Number.isFinite(value)) invalid(field, "a finite number", value);
    sized = field;
  }
  if (sized === undefined && !hasDefaultSize) invalid("size", `one of ${sizeFields.join(", ")}`, "none");
  const unsigned = sized === "quantity" || sized === "value" || (sized === "percent" && intent.side !== undefined);
  if (unsigned && !(intent[sized!]! > 0)) invalid(sized!, "above 0", intent[sized!]);
  if ((sized === undefined || sized === "quantity" || sized === "value") && intent.side === undefined) {
    invalid("side", '"BUY" or "SELL"', undefined);
  }
  if (intent.side !== undefined && intent.side !== "BUY" && intent.side !== "SELL") {
    invalid("side", '"BUY" or "SELL"', intent.side);
  }
  checkType(intent);
  return sized;
}

function checkType(intent: OrderIntent): void {
  const type = intent.type ?? "market";
  const needsLimit = type === "limit" || type === "stop_limit";
  const needsStop = type === "stop" || type === "stop_limit";
  if (needsLimit !== (intent.limitPrice !== undefined)) {
    invalid("limitPrice", needsLimit ? `given for a ${type} order` : `absent for a ${type} order`, intent.limitPrice);
  }
  if (needsStop !== (intent.stopPrice !== undefined)) {
    invalid("stopPrice", needsStop ? `given for a ${type} order` : `absent for a ${type} order`, intent.stopPrice);
  }
  const trails = [intent.trailAmount, intent.trailPercent].filter((each) => each !== undefined).length;
  if (trails !== (type === "trailing_stop" ? 1 : 0)) {
    invalid("trail", type === "trailing_stop" ? "one of trailAmount, trailPercent" : "absent", `${trails} given`);
  }
  if (intent.trailPercent !== undefined && intent.trailPercent >= 1) {
    invalid("trailPercent", "a fraction below 1", intent.trailPercent);
  }
  if (intent.postOnly === true && type !== "limit") invalid("postOnly", "used with a limit order", type);
  const timeInForce = intent.timeInForce ?? "GTC";
  if ((timeInForce === "GTD") !== (intent.expireAt !== undefined)) {
    invalid("expireAt", timeInForce === "GTD" ? "given for GTD" : `absent for ${timeInForce}`, intent.expireAt);
  }
  if (intent.postOnly === true && (timeInForce === "IOC" || timeInForce === "FOK")) {
    invalid("postOnly", "used with an order that can rest", timeInForce);
  }
}

export function invalid(field: string, expected: string, found: unknown): never {
  throw new QmtlError("ORDER_INVALID", `${field} of an order must be ${expected}; found ${shown(found)}`, {
    details: { field, expected, found: shown(found) },
  });
}

import { QmtlError, shown, type JsonValue } from "@qmtl/core";
import type { OrderPayload } from "./order-stage.ts";

const aliases: Readonly<Record<string, string>> = { order_type: "type", tif: "time_in_force", size: "quantity" };
const sizes = ["quantity", "value", "percent", "target_quantity", "target_percent"] as const;

/**
 * One form for the orders and signals that authors write. `action` becomes `side` (words, or 1, -1 and 0 as a numeric
 * node gives them), `order_type`, `tif` and `size` become `type`, `time_in_force` and `quantity`; `price` becomes
 * `limit_price` of a limit order that has none; a signal without a size is for one unit; a signed size without a side
 * becomes a side and a magnitude. Idempotent.
 *
 * @returns undefined when nothing is asked for: HOLD, or a size of zero
 * @throws QmtlError `ORDER_INVALID` for an action that is none
 */
export function normalizeOrderIntent(payload: OrderPayload): OrderPayload | undefined {
  const action = payload["action"] ?? undefined;
  const side = action === undefined ? undefined : sideOfAction(action);
  if (side === null) return undefined;
  const order: Record<string, JsonValue> = {};
  for (const [field, value] of Object.entries(payload)) {
    if (value === null || value === undefined || field === "action") continue;
    const name = aliases[field] ?? field;
    if (name !== field && payload[name] !== undefined && payload[name] !== null) continue;
    order[name] = value;
  }
  if (side !== undefined) {
    order["side"] ??= side;
    if (!sizes.some((size) => order[size] !== undefined)) order["quantity"] = 1;
  }
  if (typeof order["side"] === "string") order["side"] = order["side"].toUpperCase();
  const isLimit = order["type"] === "limit" || order["type"] === "stop_limit";
  if (isLimit && order["limit_price"] === undefined && order["price"] !== undefined) {
    order["limit_price"] = order["price"];
  }
  for (const size of ["quantity", "value", "percent"] as const) {
    const value = order[size];
    if (value === 0) return undefined;
    if (typeof value !== "number" || order["side"] !== undefined) continue;
    order["side"] = value < 0 ? "SELL" : "BUY";
    order[size] = Math.abs(value);
  }
  return order;
}

function sideOfAction(action: JsonValue): "BUY" | "SELL" | null {
  const word = typeof action === "string" ? action.toUpperCase() : action;
  if (word === "BUY" || word === 1) return "BUY";
  if (word === "SELL" || word === -1) return "SELL";
  if (word === "HOLD" || word === 0) return null;
  throw new QmtlError("ORDER_INVALID", `action must be BUY, SELL or HOLD; found ${shown(action)}`);
}

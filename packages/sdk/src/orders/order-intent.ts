import { nearestWord, parseInstant, QmtlError, shown, type JsonValue } from "@qmtl/core";
import type { OrderIntent, OrderType, Side, TimeInForce } from "@qmtl/engine/broker";
import type { OrderContext, OrderPayload } from "./order-stage.ts";

type IntentField = Exclude<keyof OrderIntent, "instrument">;
type Reader = (value: JsonValue, field: string) => OrderIntent[IntentField];

const orderTypes: readonly OrderType[] = [
  "market",
  "limit",
  "stop",
  "stop_limit",
  "trailing_stop",
  "market_on_open",
  "market_on_close",
];
const timesInForce: readonly TimeInForce[] = ["GTC", "DAY", "GTD", "IOC", "FOK"];
const sides: readonly Side[] = ["BUY", "SELL"];

// Wire field → field of the broker's intent, and how it is read.
const fields: Readonly<Record<string, readonly [IntentField, Reader]>> = {
  side: ["side", word(sides, (text) => text.toUpperCase())],
  type: ["type", word(orderTypes, (text) => text.toLowerCase())],
  quantity: ["quantity", number],
  value: ["value", number],
  percent: ["percent", number],
  target_quantity: ["targetQuantity", number],
  target_percent: ["targetPercent", number],
  limit_price: ["limitPrice", number],
  stop_price: ["stopPrice", number],
  trail_amount: ["trailAmount", number],
  trail_percent: ["trailPercent", number],
  time_in_force: ["timeInForce", word(timesInForce, (text) => text.toUpperCase())],
  expire_at: ["expireAt", (value, field) => parseInstant(value, field)],
  post_only: ["postOnly", flag],
  reduce_only: ["reduceOnly", flag],
  oco_group: ["ocoGroup", text],
  stop_loss: ["stopLoss", number],
  take_profit: ["takeProfit", number],
  parent_id: ["parentId", number],
  tag: ["tag", text],
  client_order_id: ["clientOrderId", text],
};

// What travels along and is no order field.
const carried = new Set([
  "symbol",
  "price",
  "timestamp",
  "route",
  "reason",
  "metadata",
  "world_id",
  "strategy_id",
  "correlation_id",
  "risk_adjusted",
  "risk_violation",
  "risk_severity",
]);

/**
 * A payload (as `normalizeOrderIntent` gives it) as the broker takes it. `symbol` may be left out when the account has one instrument.
 *
 * @throws QmtlError `ORDER_INVALID` for a field that is unknown or of the wrong type, `INSTRUMENT_UNKNOWN`
 */
export function orderIntentOf(payload: OrderPayload, context: OrderContext): OrderIntent {
  const intent: Record<string, unknown> = { instrument: context.instrumentOf(payload["symbol"]) };
  for (const [field, value] of Object.entries(payload)) {
    const known = fields[field];
    if (known) {
      if (value !== null && value !== undefined) intent[known[0]] = known[1](value, field);
    } else if (!carried.has(field)) {
      const guess = nearestWord(field, Object.keys(fields));
      throw new QmtlError("ORDER_INVALID", `an order has no field "${field}"`, {
        hint:
          guess === undefined ? `its fields are symbol, ${Object.keys(fields).join(", ")}` : `did you mean "${guess}"?`,
      });
    }
  }
  return intent as unknown as OrderIntent;
}

function number(value: JsonValue, field: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw wrong(field, "a finite number", value);
}

function flag(value: JsonValue, field: string): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(field, "true or false", value);
}

function text(value: JsonValue, field: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(field, "text", value);
}

function word<W extends string>(words: readonly W[], normalise: (text: string) => string) {
  return (value: JsonValue, field: string): W => {
    const found = typeof value === "string" ? words.find((each) => each === normalise(value)) : undefined;
    if (found !== undefined) return found;
    throw wrong(field, words.join(" | "), value);
  };
}

function wrong(field: string, expected: string, value: JsonValue): QmtlError {
  return new QmtlError("ORDER_INVALID", `order field "${field}" must be ${expected}; found ${shown(value)}`);
}

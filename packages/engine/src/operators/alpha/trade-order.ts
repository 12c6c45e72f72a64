import type { EpochMs, JsonValue } from "@qmtl/core";

/** A signal as it travels between nodes, in wire names. */
export interface TradeOrderSignal {
  readonly action: string;
  readonly size?: number;
  readonly symbol?: string;
  readonly type?: string;
  readonly limit_price?: number;
  /** Taken as the limit price when there is none. */
  readonly price?: number;
  readonly stop_loss?: number;
  readonly take_profit?: number;
  readonly client_order_id?: string;
  /** Taken as the client order id when there is none. */
  readonly newClientOrderId?: string;
}

export interface TradeOrderPayload {
  readonly side: "BUY" | "SELL";
  readonly quantity: number;
  /** Time of the signal's bucket, ms. */
  readonly timestamp: EpochMs;
  readonly symbol?: string;
  readonly type?: string;
  readonly limit_price?: number;
  readonly stop_loss?: number;
  readonly take_profit?: number;
  readonly client_order_id?: string;
}

/** The order that a signal asks for, fields that are not known left out; undefined unless it buys or sells. */
export function tradeOrderPayload(signal: TradeOrderSignal, timestampMs: EpochMs): TradeOrderPayload | undefined {
  const { action, size = 1, symbol, type, stop_loss, take_profit } = signal;
  if (action !== "BUY" && action !== "SELL") return undefined;
  const limitPrice = signal.limit_price ?? signal.price;
  const clientOrderId = signal.client_order_id ?? signal.newClientOrderId;
  return {
    side: action,
    quantity: size,
    timestamp: timestampMs,
    ...(symbol !== undefined && { symbol }),
    ...(type !== undefined && { type }),
    ...(limitPrice !== undefined && { limit_price: limitPrice }),
    ...(stop_loss !== undefined && { stop_loss }),
    ...(take_profit !== undefined && { take_profit }),
    ...(clientOrderId !== undefined && { client_order_id: clientOrderId }),
  };
}

/** The fill itself when it has a symbol, a quantity and a price (`fill_price` or `price`); else wrapped for the dead-letter queue. */
export function validateFillOrDlq<Payload extends JsonValue>(
  payload: Payload,
): Payload | { readonly dlq: true; readonly payload: Payload } {
  const fill = (typeof payload === "object" && payload !== null ? payload : {}) as Readonly<Record<string, unknown>>;
  const symbol = fill["symbol"];
  const complete =
    typeof symbol === "string" &&
    symbol !== "" &&
    Number.isFinite(fill["quantity"]) &&
    Number.isFinite(fill["fill_price"] ?? fill["price"]);
  return complete ? payload : { dlq: true, payload };
}

import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { EpochMilliseconds, Identifier, PositiveDecimal } from "./decimal.ts";

export const OrderSide = Type.Enum(["BUY", "SELL"]);
export const OrderType = Type.Enum(["market", "limit", "stop", "stop_limit"]);
export const TimeInForce = Type.Enum(["DAY", "GTC", "IOC", "FOK"]);

/**
 * An order on its way to a venue, on `trade.orders`. Unknown keys are refused: a misspelt `reduce_only` that is
 * ignored would be another order.
 */
export type OrderPayload = Static<typeof OrderPayload>;
export const OrderPayload = Type.Object(
  {
    world_id: Identifier,
    strategy_id: Identifier,
    correlation_id: Identifier,
    symbol: Identifier,
    side: OrderSide,
    type: OrderType,
    quantity: PositiveDecimal,
    time_in_force: TimeInForce,
    timestamp: EpochMilliseconds,
    limit_price: Type.Optional(PositiveDecimal),
    stop_price: Type.Optional(PositiveDecimal),
    client_order_id: Type.Optional(Identifier),
    reduce_only: Type.Optional(Type.Boolean()),
    position_side: Type.Optional(Type.String()),
    metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
);

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkOrderPayload = shapeCheck(OrderPayload, "the order");

/** A venue's answer to an order. */
export type OrderAck = Static<typeof OrderAck>;
export const OrderAck = Type.Object({
  order_id: Identifier,
  status: Type.Enum(["accepted", "rejected", "canceled", "filled", "partially_filled", "expired"]),
  broker: Identifier,
  client_order_id: Type.Optional(Identifier),
  reason: Type.Optional(Type.String()),
  raw: Type.Optional(Type.Unknown()), // the venue's own words
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkOrderAck = shapeCheck(OrderAck, "the order acknowledgement");

import { Type, type Static } from "typebox";
import { Decimal, EpochMilliseconds, Identifier, PositiveDecimal } from "../orders/decimal.ts";
import { OrderSide } from "../orders/order.ts";
import { shapeCheck } from "../schema/index.ts";

/** An execution as a venue or broker reports it to `POST /fills`. Unknown keys are kept. */
export type FillReport = Static<typeof FillReport>;
export const FillReport = Type.Object({
  order_id: Identifier,
  symbol: Identifier,
  side: OrderSide,
  quantity: PositiveDecimal,
  price: Decimal,
  client_order_id: Type.Optional(Identifier),
  correlation_id: Type.Optional(Identifier),
  commission: Type.Optional(Decimal),
  slippage: Type.Optional(Decimal),
  market_impact: Type.Optional(Decimal),
  tif: Type.Optional(Identifier),
  fill_time: Type.Optional(EpochMilliseconds),
  status: Type.Optional(Identifier),
  seq: Type.Optional(Type.Integer({ minimum: 0 })), // counter of an order's fills: with it a repeat is recognised
  etag: Type.Optional(Identifier),
  world_id: Type.Optional(Identifier),
  strategy_id: Type.Optional(Identifier),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkFillReport = shapeCheck(FillReport, "the fill");

/** What a replay of fills answers: a page, oldest first. */
export type FillsPage = Static<typeof FillsPage>;
export const FillsPage = Type.Object({
  status: Type.Literal("accepted"),
  correlation_id: Type.String(),
  message: Type.String(),
  fills: Type.Array(
    Type.Object({
      offset: Type.Integer({ minimum: 1 }),
      world_id: Type.String(),
      strategy_id: Type.String(),
      received_at: Type.String(),
      data: FillReport,
    }),
  ),
  next_offset: Type.Union([Type.Integer(), Type.Null()]), // null at the end
});

import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { Decimal, EpochMilliseconds, Identifier, PositiveDecimal } from "./decimal.ts";
import { OrderSide, TimeInForce } from "./order.ts";

/**
 * An execution, on `trade.fills`. `seq` counts the fills of one order and `etag` names this version of it: a reader
 * that applies each pair once has each fill once.
 */
export type FillEvent = Static<typeof FillEvent>;
export const FillEvent = Type.Object({
  order_id: Identifier,
  symbol: Identifier,
  side: OrderSide,
  quantity: PositiveDecimal,
  price: Decimal, // negative for some spreads and futures
  commission: Decimal, // negative is a rebate
  slippage: Decimal,
  market_impact: Decimal,
  tif: TimeInForce,
  fill_time: EpochMilliseconds,
  status: Identifier,
  seq: Type.Integer({ minimum: 0 }),
  etag: Identifier,
  client_order_id: Type.Optional(Identifier),
  correlation_id: Type.Optional(Identifier),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkFillEvent = shapeCheck(FillEvent, "the fill");

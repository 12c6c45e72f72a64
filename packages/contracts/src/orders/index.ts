export { Decimal, EpochMilliseconds, NonNegativeDecimal, PositiveDecimal } from "./decimal.ts";
export { checkFillEvent, FillEvent } from "./fill.ts";
export {
  checkOrderAck,
  checkOrderPayload,
  OrderAck,
  OrderPayload,
  OrderSide,
  OrderType,
  TimeInForce,
} from "./order.ts";
export { checkPortfolioSnapshot, PortfolioSnapshot } from "./portfolio-snapshot.ts";

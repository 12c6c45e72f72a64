export type {
  AccountView,
  BrokerSnapshot,
  Fill,
  Order,
  OrderIntent,
  OrderStatus,
  OrderType,
  PositionView,
  Side,
  TimeInForce,
  Trade,
} from "./types.ts";

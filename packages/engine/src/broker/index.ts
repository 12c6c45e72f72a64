export { describeAssumptions, type Assumption } from "./assumptions.ts";
export { createBroker } from "./broker.ts";
export type { FeeModel } from "./fees.ts";
export {
  defaultBrokerOptions,
  resolveBrokerOptions,
  type BrokerOptions,
  type CorporateAction,
  type FundingEvent,
  type Semantics,
} from "./options.ts";
export type { RecordList } from "./record-list.ts";
export { targetOf } from "./sign-targets.ts";
export type { SlippageModel } from "./slippage.ts";
export { TradeAdder, type TradeSums } from "./trade-sums.ts";
export type {
  AccountView,
  Broker,
  BrokerCounters,
  BrokerSnapshot,
  Fill,
  Order,
  OrderIntent,
  OrderStatus,
  OrderType,
  PositionView,
  QuietBars,
  ReplayBars,
  ReplayCurves,
  RowMarks,
  Side,
  SignTargets,
  TargetColumn,
  TargetRows,
  TimeInForce,
  Trade,
  TradeOutcomes,
} from "./types.ts";

export { alphaHistory } from "./alpha-history.ts";
export {
  alphaPerformance,
  summariseExecution,
  type AlphaPerformance,
  type AlphaPerformanceOptions,
  type ExecutionFill,
  type ExecutionSummary,
} from "./alpha-performance.ts";
export {
  equityLinearityMetrics,
  equityLinearityMetricsV2,
  type EquityLinearity,
  type EquityLinearityV2,
  type EquityLinearityV2Options,
} from "./equity-linearity.ts";
export {
  nextPositionState,
  positionTarget,
  type PositionState,
  type PositionTarget,
  type Thresholds,
} from "./position-target.ts";
export { alphaPerformanceOperator, equityLinearityOperator, equityLinearityV2Operator } from "./rolling-operators.ts";
export {
  thresholdSignal,
  thresholdSignalOperator,
  tradeSignal,
  type ThresholdSignalOptions,
  type TradeSignal,
} from "./threshold-signal.ts";
export { tradeOrderPayload, validateFillOrDlq, type TradeOrderPayload, type TradeOrderSignal } from "./trade-order.ts";
export { validationMetrics } from "./validation-metrics.ts";

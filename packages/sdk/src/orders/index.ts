export {
  type ActivationEntry,
  type ActivationMap,
  gateOrder,
  type GateVerdict,
  type SideActivation,
} from "./activation.ts";
export { commissionOf, implementationShortfall, slippageBps, slippedPrice } from "./execution-costs.ts";
export { ExecutionNode, type ExecutionOptions } from "./execution-node.ts";
export { FillIngestNode } from "./fill-ingest-node.ts";
export { MicroBatchNode, type MicroBatchOptions } from "./micro-batch-node.ts";
export { normalizeOrderIntent } from "./normalize-order.ts";
export { OrderPublishNode } from "./order-publish-node.ts";
export { orderPercent, orderTargetPercent, orderValue } from "./order-size.ts";
export {
  OrderStageNode,
  type OrderContext,
  type OrderPayload,
  type OrderStage,
  type PendingQuantity,
} from "./order-stage.ts";
export { Portfolio, type PortfolioFill, type Position } from "./portfolio.ts";
export { PortfolioNode, type PortfolioSnapshot } from "./portfolio-node.ts";
export { PositionIntentNode, type PositionIntentOptions } from "./position-intent-node.ts";
export { toOrderPayloads } from "./position-orders.ts";
export {
  positionTargetNode as positionTarget,
  PositionTargetNode,
  type PositionTargetOptions,
} from "./position-target-node.ts";
export {
  preTradeCounts,
  PreTradeGateNode,
  type PreTradeCounts,
  type PreTradeGateOptions,
  type PreTradeReason,
} from "./pre-trade-gate-node.ts";
export { defaultRiskConfig, type RiskConfig } from "./risk-config.ts";
export { RiskControlNode, type RiskControlOptions } from "./risk-control-node.ts";
export {
  RiskManager,
  type PositionValues,
  type RiskDecision,
  type RiskOrder,
  type RiskSeverity,
  type RiskViolation,
  type RiskViolationType,
} from "./risk-manager.ts";
export { RouterNode, type RouterOptions } from "./router-node.ts";
export { SizingNode, type SizingOptions } from "./sizing-node.ts";
export { TimingGateNode, type TimingGateOptions } from "./timing-gate-node.ts";
export { TradeOrderPublisherNode } from "./trade-order-publisher-node.ts";
export { tradeSignal, type TradeSignalOptions } from "./trade-signal-node.ts";

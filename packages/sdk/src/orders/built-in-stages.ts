import { ExecutionNode } from "./execution-node.ts";
import { FillIngestNode } from "./fill-ingest-node.ts";
import { MicroBatchNode } from "./micro-batch-node.ts";
import { OrderPublishNode } from "./order-publish-node.ts";
import { PortfolioNode } from "./portfolio-node.ts";
import { PositionIntentNode } from "./position-intent-node.ts";
import { PreTradeGateNode } from "./pre-trade-gate-node.ts";
import { RiskControlNode } from "./risk-control-node.ts";
import { RouterNode } from "./router-node.ts";
import { SizingNode } from "./sizing-node.ts";
import { TimingGateNode } from "./timing-gate-node.ts";
import { TradeOrderPublisherNode } from "./trade-order-publisher-node.ts";

// The version of a stage is raised with every change of what it does, so that runs of before are told apart.
const stages: ReadonlyMap<Function, string> = new Map<Function, string>([
  [ExecutionNode, "ExecutionNode@1"],
  [FillIngestNode, "FillIngestNode@1"],
  [MicroBatchNode, "MicroBatchNode@1"],
  [OrderPublishNode, "OrderPublishNode@1"],
  [PortfolioNode, "PortfolioNode@1"],
  [PositionIntentNode, "PositionIntentNode@1"],
  [PreTradeGateNode, "PreTradeGateNode@1"],
  [RiskControlNode, "RiskControlNode@1"],
  [RouterNode, "RouterNode@1"],
  [SizingNode, "SizingNode@1"],
  [TimingGateNode, "TimingGateNode@1"],
  [TradeOrderPublisherNode, "TradeOrderPublisherNode@1"],
]);

/** What stands for the code of a stage that comes with the product; undefined of an author's class. */
export function builtInStage(type: Function): string | undefined {
  return stages.get(type);
}

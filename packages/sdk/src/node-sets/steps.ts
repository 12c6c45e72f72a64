import { QmtlError, shown } from "@qmtl/core";
import {
  ExecutionNode,
  FillIngestNode,
  MicroBatchNode,
  OrderPublishNode,
  PortfolioNode,
  PreTradeGateNode,
  RiskControlNode,
  RouterNode,
  SizingNode,
  TimingGateNode,
  type ExecutionOptions,
  type MicroBatchOptions,
  type PreTradeGateOptions,
  type RiskControlOptions,
  type RouterOptions,
  type SizingOptions,
  type TimingGateOptions,
} from "../orders/index.ts";
import { Node, type NodeOptions } from "../strategy/node.ts";
import type { JsonValue } from "@qmtl/core";
import { NodeSet, type NodeSetOptions } from "./node-set.ts";

/** Builds one node of a chain on the one before it. */
export type Step = (input: Node) => Node;

export const pretrade =
  (options?: PreTradeGateOptions): Step =>
  (input) =>
    new PreTradeGateNode(input, options);
export const timing =
  (options?: TimingGateOptions): Step =>
  (input) =>
    new TimingGateNode(input, options);
export const microBatch =
  (options?: MicroBatchOptions): Step =>
  (input) =>
    new MicroBatchNode(input, options);
export const sizing =
  (options?: SizingOptions): Step =>
  (input) =>
    new SizingNode(input, options);
export const risk =
  (options?: RiskControlOptions): Step =>
  (input) =>
    new RiskControlNode(input, options);
export const router = <P extends JsonValue>(options: RouterOptions<P>): Step => {
  return (input) => new RouterNode(input, options);
};
export const execution =
  (options?: ExecutionOptions): Step =>
  (input) =>
    new ExecutionNode(input, options);
export const orderPublish =
  (options?: NodeOptions): Step =>
  (input) =>
    new OrderPublishNode(input, options);
export const fills =
  (options?: NodeOptions): Step =>
  (input) =>
    new FillIngestNode(input as OrderPublishNode, options);
export const portfolio =
  (options?: NodeOptions): Step =>
  (input) =>
    new PortfolioNode(input as FillIngestNode, options);

/**
 * Chains steps on a signal, each on the one before: `compose(signal, [pretrade(), sizing(), orderPublish()])`. Runs what
 * is written, in the order it is written; nothing is added.
 *
 * @throws QmtlError `NODE_INVALID`
 */
export function compose(
  signal: Node,
  steps: readonly Step[],
  options: NodeSetOptions = { name: "order_pipeline" },
): NodeSet {
  if (!(signal instanceof Node)) {
    throw new QmtlError("NODE_INVALID", `a chain of steps starts at a node; found ${shown(signal)}`);
  }
  const nodes: Node[] = [];
  let last = signal;
  for (const [index, step] of steps.entries()) {
    if (typeof step !== "function") {
      throw new QmtlError("NODE_INVALID", `step ${index + 1} must be a step such as sizing(); found ${shown(step)}`);
    }
    last = step(last);
    nodes.push(last);
  }
  return new NodeSet(nodes, options);
}

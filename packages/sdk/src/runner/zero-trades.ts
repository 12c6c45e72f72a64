import { formatInterval } from "@qmtl/core";
import type { NodeSummary } from "@qmtl/engine/result";
import type { Account } from "./account.ts";
import { OrderStageNode } from "../orders/order-stage.ts";
import { PositionTargetNode } from "../orders/position-target-node.ts";

/**
 * Why a run has no fills, in words, the first cause first: nothing was wired to trade, data was too short for a node,
 * a condition was never true, a stage refused, or the broker did.
 */
export function explainZeroTrades(account: Account, nodes: readonly NodeSummary[]): readonly string[] {
  const { graph, broker } = account;
  if (broker.fills.length > 0) return [];
  const sinks = graph.nodes.filter(({ node }) => node instanceof PositionTargetNode || node instanceof OrderStageNode);
  if (sinks.length === 0) return ["no node sends orders: add positionTarget(signal, …) or an OrderPublishNode"];
  if (account.instruments.length === 0) return ["no stream has an instrument: nothing can be traded"];
  const reasons: string[] = [];
  for (const identified of graph.nodes) {
    const summary = nodes.find((node) => node.id === identified.id);
    if (!summary || summary.rows > 0 || identified.node instanceof OrderStageNode) continue;
    const fed = identified.inputs.map((input) => nodes.find((node) => node.id === input.id));
    if (fed.some((input) => input !== undefined && input.rows === 0)) continue; // its input is the cause
    const rows = Math.min(...fed.map((input) => input?.rows ?? 0));
    reasons.push(
      identified.inputs.length === 0
        ? `stream "${summary.name}" delivered no row`
        : `node "${summary.name}" never had a value: its inputs gave ${rows} rows of ${formatInterval(summary.intervalMs)}; either its condition was never true or it needs more rows`,
    );
  }
  for (const { node, id } of sinks) {
    if (!(node instanceof OrderStageNode)) continue;
    const refusals = new Map<string, number>();
    for (const { payload } of account.orderPath.recordsOf(id)) {
      if (payload["rejected"] === true) {
        const given = payload["reason"] ?? payload["violation"];
        const reason =
          typeof given === "string"
            ? given
            : given === undefined || given === null
              ? "no reason given"
              : JSON.stringify(given);
        refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
      }
    }
    for (const [reason, count] of refusals) reasons.push(`stage "${node.name}" refused ${count} orders: ${reason}`);
  }
  const unfilled = new Map<string, number>();
  for (const order of broker.orders) {
    const fate = `${order.status}${order.reason === null ? "" : `: ${order.reason}`}`;
    unfilled.set(fate, (unfilled.get(fate) ?? 0) + 1);
  }
  for (const [fate, count] of unfilled) reasons.push(`${count} orders were sent and none filled (${fate})`);
  if (reasons.length === 0) reasons.push("every signal asked for the position that was already held");
  return reasons;
}

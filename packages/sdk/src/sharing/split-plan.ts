import type { NodeId } from "@qmtl/core";
import { planGraph, type GraphNode, type Plan } from "@qmtl/engine/plan";
import { graphNodeOf, type IdentifiedNode, type StrategyGraph } from "../graph/build-graph.ts";
import { OrderStageNode } from "../orders/order-stage.ts";
import { PositionTargetNode } from "../orders/position-target-node.ts";
import { StreamInput } from "../strategy/stream-input.ts";

/** Which nodes this process computes, and which it reads from whoever does. */
export interface Split {
  readonly computed: ReadonlySet<NodeId>;
  /** Fields by node. */
  readonly read: ReadonlyMap<NodeId, readonly string[]>;
}

/**
 * Nodes whose rows somebody here needs for themselves: those that orders come from, and those that nothing else reads.
 */
function wantedNodes({ nodes }: StrategyGraph): readonly IdentifiedNode[] {
  const readByPure = new Set(
    nodes.flatMap(({ node, inputs }) => (node instanceof OrderStageNode ? [] : inputs.map(({ id }) => id))),
  );
  const feedsOrders = new Set(
    nodes.flatMap(({ node, inputs }) => (node instanceof OrderStageNode ? inputs.map(({ id }) => id) : [])),
  );
  return nodes.filter(
    ({ node, id }) =>
      !(node instanceof OrderStageNode) &&
      (feedsOrders.has(id) || node instanceof PositionTargetNode || !readByPure.has(id)),
  );
}

/**
 * Walks from the wanted nodes to their inputs and asks of each that can be shared whether to compute it; what is read
 * needs no inputs. Streams from outside are always there.
 *
 * @param fieldsOf - undefined for a node that cannot be shared
 * @param mayCompute - true when this process has, or gets, the right to compute the node
 */
export async function splitGraph(
  graph: StrategyGraph,
  fieldsOf: (node: IdentifiedNode) => readonly string[] | undefined,
  mayCompute: (node: IdentifiedNode) => Promise<boolean>,
): Promise<Split> {
  const computed = new Set<NodeId>();
  const read = new Map<NodeId, readonly string[]>();
  const visit = async (node: IdentifiedNode): Promise<void> => {
    if (node.node instanceof StreamInput || computed.has(node.id) || read.has(node.id)) return;
    const fields = fieldsOf(node);
    if (fields !== undefined && !(await mayCompute(node))) {
      read.set(node.id, fields);
      return;
    }
    computed.add(node.id);
    for (const input of node.inputs) await visit(input);
  };
  for (const node of wantedNodes(graph)) await visit(node);
  return { computed, read };
}

/** The plan of what is computed here; nodes that are read are sources in it, under their own ids. */
export function splitPlan({ nodes }: StrategyGraph, { computed, read }: Split): Plan {
  const parts = nodes.flatMap((identified): GraphNode[] => {
    const node = graphNodeOf(identified);
    if (node === undefined) return [];
    const fields = read.get(node.id);
    const { id, intervalMs } = identified;
    if (fields) return [{ id, name: node.name, intervalMs, kind: "source", fields }];
    return node.kind === "source" || computed.has(node.id) ? [node] : [];
  });
  return planGraph(parts);
}

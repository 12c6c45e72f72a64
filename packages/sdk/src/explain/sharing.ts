import type { NodeId } from "@qmtl/core";
import { prepareRun, type StrategyInput } from "../runner/offline.ts";

export interface SharedNode {
  readonly nodeId: NodeId;
  readonly name: string;
  readonly type: string;
  /** Strategies that have this node, in the order given. */
  readonly strategies: readonly string[];
}

export interface SharingReport {
  /** Nodes of all strategies, and how many are left when equal ones are one. */
  readonly nodes: number;
  readonly distinct: number;
  /** Most shared first. */
  readonly shared: readonly SharedNode[];
  readonly byStrategy: readonly {
    readonly strategy: string;
    readonly nodes: number;
    /** Nodes nobody else has: what this strategy alone costs. */
    readonly own: number;
    /** Its part of the distinct nodes, each shared one split among its readers. */
    readonly cost: number;
  }[];
}

/** Which strategies share which nodes. Needs no data: it compares ids. */
export function explainSharing(strategies: readonly StrategyInput[]): SharingReport {
  const { graphs } = prepareRun(strategies);
  const labels = graphs.map((graph, index) =>
    graphs.filter((other) => other.name === graph.name).length > 1 ? `${graph.name}#${index + 1}` : graph.name,
  );
  const owners = new Map<NodeId, { name: string; type: string; strategies: string[] }>();
  graphs.forEach((graph, index) => {
    for (const id of new Set(graph.nodes.map((node) => node.id))) {
      const { node } = graph.nodes.find((each) => each.id === id)!;
      const entry = owners.get(id) ?? { name: node.name, type: node.nodeType, strategies: [] };
      entry.strategies.push(labels[index]!);
      owners.set(id, entry);
    }
  });
  const shared = [...owners].filter(([, { strategies: readers }]) => readers.length > 1);
  shared.sort(([, a], [, b]) => b.strategies.length - a.strategies.length);
  return {
    nodes: graphs.reduce((sum, graph) => sum + new Set(graph.nodes.map((node) => node.id)).size, 0),
    distinct: owners.size,
    shared: shared.map(([nodeId, entry]) => ({ nodeId, ...entry })),
    byStrategy: labels.map((strategy) => {
      const mine = [...owners.values()].filter((entry) => entry.strategies.includes(strategy));
      return {
        strategy,
        nodes: mine.length,
        own: mine.filter((entry) => entry.strategies.length === 1).length,
        cost: mine.reduce((sum, entry) => sum + 1 / entry.strategies.length, 0),
      };
    }),
  };
}

import { formatInterval, type IntervalMs, type JsonValue, type NodeId } from "@qmtl/core";
import type { PreparedRun } from "@qmtl/sdk/runner";

/** A node as `qmtl graph` shows it. */
export interface GraphNode {
  readonly id: NodeId;
  readonly name: string;
  /** Operator of a built-in node, else the class: "sma", "StreamInput". */
  readonly kind: string;
  readonly intervalMs: IntervalMs;
  readonly params: JsonValue;
  readonly inputs: readonly NodeId[];
}

/** Nodes of a graph, inputs first, equal ones once. */
export function graphNodes({ nodes }: PreparedRun["graphs"][number]): readonly GraphNode[] {
  const byId = new Map<NodeId, GraphNode>();
  for (const { node, id, intervalMs, params, inputs } of nodes) {
    if (byId.has(id)) continue;
    const { definition } = node as { definition?: { readonly name: string } };
    const kind = definition?.name ?? node.nodeType;
    byId.set(id, { id, name: node.name, kind, intervalMs, params, inputs: inputs.map((input) => input.id) });
  }
  return [...byId.values()];
}

export function tableRows(nodes: readonly GraphNode[]): readonly (readonly string[])[] {
  const nameOf = new Map(nodes.map(({ id, name }) => [id, name]));
  return nodes.map(({ id, name, kind, intervalMs, inputs }) => [
    name,
    kind,
    formatInterval(intervalMs),
    inputs.map((input) => nameOf.get(input)).join(", "),
    id.slice(0, 19),
  ]);
}

/** @see https://mermaid.js.org/syntax/flowchart.html */
export function mermaidText(nodes: readonly GraphNode[]): string {
  const place = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  return [
    "flowchart LR",
    ...nodes.map((node) => `  ${place.get(node.id)}["${labelOf(node, "<br>").replaceAll('"', "#quot;")}"]`),
    ...edgesOf(nodes).map(([from, to]) => `  ${place.get(from)} --> ${place.get(to)}`),
  ].join("\n");
}

/** @see https://graphviz.org/doc/info/lang.html */
export function dotText(nodes: readonly GraphNode[], title: string): string {
  const place = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  return [
    `digraph ${quoted(title)} {`,
    "  rankdir=LR; node [shape=box, style=rounded];",
    ...nodes.map((node) => `  ${place.get(node.id)} [label=${quoted(labelOf(node, "\n"))}];`),
    ...edgesOf(nodes).map(([from, to]) => `  ${place.get(from)} -> ${place.get(to)};`),
    "}",
  ].join("\n");
}

function labelOf({ name, kind, intervalMs }: GraphNode, lineBreak: string): string {
  return `${name}${lineBreak}${kind} ${formatInterval(intervalMs)}`;
}

function edgesOf(nodes: readonly GraphNode[]): readonly (readonly [NodeId, NodeId])[] {
  return nodes.flatMap(({ id, inputs }) => [...new Set(inputs)].map((input) => [input, id] as const));
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

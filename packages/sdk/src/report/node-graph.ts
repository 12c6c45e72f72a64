import { formatInterval, type NodeId } from "@qmtl/core";
import type { NodeSummary } from "@qmtl/engine/result";
import { html, raw, type Html } from "./html.ts";

const nodeWidth = 168;
const nodeHeight = 46;
const layerGap = 44;
const rowGap = 18;
const margin = 8;
const nodesMax = 250;
const edgePartsMax = 4_000;

interface Vertex {
  readonly node: NodeSummary | null; // null: where a long edge passes a layer
  readonly layer: number;
  readonly inputs: Vertex[];
  readonly outputs: Vertex[];
  rank: number;
}

/**
 * The graph as SVG, inputs left: layers by longest path, ordered by the mean position of neighbours (Sugiyama, Tagawa &
 * Toda 1981); an edge over several layers gets a place in each of them.
 *
 * @returns null when there is too much for a picture
 */
export function nodeGraph(nodes: readonly NodeSummary[]): Html | null {
  if (nodes.length === 0 || nodes.length > nodesMax) return null;
  const layerOf = longestPaths(nodes);
  if (edgeParts(nodes, layerOf) > edgePartsMax) return null;
  const layers = ordered(layered(nodes, layerOf));
  const rows = Math.max(...layers.map((layer) => layer.length));
  const width = 2 * margin + layers.length * nodeWidth + (layers.length - 1) * layerGap;
  const height = 2 * margin + rows * nodeHeight + (rows - 1) * rowGap;
  const left = (vertex: Vertex) => margin + vertex.layer * (nodeWidth + layerGap);
  const top = (vertex: Vertex) => {
    const free = rows - layers[vertex.layer]!.length;
    return margin + (vertex.rank + free / 2) * (nodeHeight + rowGap);
  };
  const edges: string[] = [];
  for (const vertex of layers.flat()) {
    for (const input of vertex.inputs) {
      const x0 = left(input) + nodeWidth;
      const y0 = top(input) + nodeHeight / 2;
      const x1 = left(vertex);
      const y1 = top(vertex) + nodeHeight / 2;
      const middle = (x0 + x1) / 2;
      const through = vertex.node === null ? `H${x1 + nodeWidth}` : "";
      edges.push(`M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}${through}`);
    }
  }
  const boxes = layers.flat().flatMap((vertex) => {
    return vertex.node === null ? [] : [nodeBox(vertex.node, nodes.indexOf(vertex.node), left(vertex), top(vertex))];
  });
  return html`<svg
    class="graph"
    width="${width}"
    height="${height}"
    viewBox="0 0 ${width} ${height}"
    role="group"
    aria-label="Node graph, inputs on the left"
  >
    <path class="edge" d="${raw(edges.join(""))}" />
    ${boxes}
  </svg>`;
}

function nodeBox(node: NodeSummary, index: number, x: number, y: number): Html {
  const kind = node.operator ?? node.type;
  const interval = formatInterval(node.intervalMs);
  const style = node.inputs.length === 0 ? "source" : "compute";
  return html`<g
    class="node ${style}"
    tabindex="0"
    role="img"
    data-node="${index}"
    transform="translate(${x} ${y})"
    aria-label="${node.name}: ${kind}, ${interval}"
  >
    <title>${node.name} ${kind}, ${interval} ${JSON.stringify(node.params)}</title
    ><rect width="${nodeWidth}" height="${nodeHeight}" rx="7" /><text x="12" y="19">${shortened(node.name, 21)}</text
    ><text class="kind" x="12" y="36">${shortened(`${kind} · ${interval}`, 25)}</text></g
  >`;
}

/** Layer of every node: one past its farthest input. Inputs come first in a run's list; others are left out. */
function longestPaths(nodes: readonly NodeSummary[]): ReadonlyMap<NodeId, number> {
  const layerOf = new Map<NodeId, number>();
  for (const { id, inputs } of nodes) {
    layerOf.set(id, Math.max(-1, ...inputs.map((input) => layerOf.get(input) ?? -1)) + 1);
  }
  return layerOf;
}

function edgeParts(nodes: readonly NodeSummary[], layerOf: ReadonlyMap<NodeId, number>): number {
  let parts = 0;
  for (const { id, inputs } of nodes) {
    for (const input of inputs) parts += layerOf.get(id)! - (layerOf.get(input) ?? layerOf.get(id)!);
  }
  return parts;
}

function layered(nodes: readonly NodeSummary[], layerOf: ReadonlyMap<NodeId, number>): Vertex[][] {
  const vertices = new Map<NodeId, Vertex>();
  const layers: Vertex[][] = [];
  const place = (node: NodeSummary | null, layer: number): Vertex => {
    const vertex: Vertex = { node, layer, inputs: [], outputs: [], rank: 0 };
    (layers[layer] ??= []).push(vertex);
    return vertex;
  };
  for (const node of nodes) {
    const vertex = place(node, layerOf.get(node.id)!);
    vertices.set(node.id, vertex);
    for (const id of node.inputs) {
      let from = vertices.get(id);
      if (from === undefined) continue;
      while (from.layer < vertex.layer - 1) {
        const pass = place(null, from.layer + 1);
        connect(from, pass);
        from = pass;
      }
      connect(from, vertex);
    }
  }
  return layers;
}

function connect(from: Vertex, to: Vertex): void {
  from.outputs.push(to);
  to.inputs.push(from);
}

function ordered(layers: Vertex[][]): Vertex[][] {
  for (const layer of layers) number(layer);
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const layer of layers.slice(1)) sortByMean(layer, (vertex) => vertex.inputs);
    for (const layer of layers.slice(0, -1).toReversed()) sortByMean(layer, (vertex) => vertex.outputs);
  }
  return layers;
}

function sortByMean(layer: Vertex[], neighbours: (vertex: Vertex) => readonly Vertex[]): void {
  const mean = (vertex: Vertex) => {
    const near = neighbours(vertex);
    return near.length === 0 ? vertex.rank : near.reduce((sum, other) => sum + other.rank, 0) / near.length;
  };
  const keyed = layer.map((vertex) => ({ vertex, key: mean(vertex) })).toSorted((a, b) => a.key - b.key);
  keyed.forEach(({ vertex }, i) => (layer[i] = vertex));
  number(layer);
}

function number(layer: readonly Vertex[]): void {
  layer.forEach((vertex, rank) => (vertex.rank = rank));
}

function shortened(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text;
}

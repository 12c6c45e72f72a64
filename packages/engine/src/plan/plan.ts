import { assert, formatInterval, QmtlError, type IntervalMs, type NodeId } from "@qmtl/core";
import { topologicalOrder } from "./topological-order.ts";
import { inputIdsOf, type GraphNode, type MissingPolicy, type ResampleNode, type SourceNode } from "./graph.ts";

/**
 * A grid is an ordered list of bucket starts on which nodes have rows. A source has its own; a node whose
 * inputs share one grid lives on it; a fan-in over several grids lives on a join of them.
 */
export type Grid = SourceGrid | ResampleGrid | JoinGrid;

interface GridBase {
  readonly index: number;
  readonly intervalMs: IntervalMs;
  /** Rows that someone looks back from the current one: what a ring must hold besides it. */
  lookbackRows: number;
}

export interface SourceGrid extends GridBase {
  readonly kind: "source";
  readonly source: SourceNode;
}

export interface ResampleGrid extends GridBase {
  readonly kind: "resample";
  readonly parent: Grid;
  readonly node: ResampleNode;
}

export interface JoinGrid extends GridBase {
  readonly kind: "join";
  /** Grids of the join's own interval: a row where all delivered ("skip", "fail") or any did ("hold"). */
  readonly triggers: readonly Grid[];
  /** Coarser grids: seen as their last row closed by the end of the join's bucket. */
  readonly asOf: readonly Grid[];
  readonly onMissing: MissingPolicy;
}

export interface PlannedNode {
  readonly node: GraphNode;
  readonly grid: Grid;
  /** Inputs first: position in `Plan.nodes`. */
  readonly index: number;
  readonly inputs: readonly PlannedNode[];
}

export interface Plan {
  /** Topological order: every node after its inputs. */
  readonly nodes: readonly PlannedNode[];
  /** Topological order: every grid after the grids it is made of. */
  readonly grids: readonly Grid[];
  readonly byId: ReadonlyMap<NodeId, PlannedNode>;
}

/**
 * Orders a graph, merges nodes of equal id, and decides on which grid each node has its rows. Linear in nodes
 * and edges.
 *
 * @throws QmtlError `GRAPH_CYCLE` (the circle is printed), `GRAPH_NODE_MISSING`, `NODE_INVALID`
 */
export function planGraph(graph: Iterable<GraphNode>): Plan {
  const distinct = new Map<NodeId, GraphNode>();
  for (const node of graph) if (!distinct.has(node.id)) distinct.set(node.id, node);
  const grids = new GridTable();
  const nodes: PlannedNode[] = [];
  const byId = new Map<NodeId, PlannedNode>();
  const inputNodes = (node: GraphNode) =>
    inputIdsOf(node).map((id) => distinct.get(id) ?? raise(missingInput(node, id)));
  for (const node of topologicalOrder(distinct.values(), inputNodes, (item) => item.name)) {
    const inputs = inputIdsOf(node).map((id) => byId.get(id)!);
    const planned: PlannedNode = { node, grid: grids.gridFor(node, inputs), index: nodes.length, inputs };
    nodes.push(planned);
    byId.set(node.id, planned);
    reserveLookback(planned);
  }
  return { nodes, grids: grids.all, byId };
}

class GridTable {
  readonly all: Grid[] = [];
  readonly #joins = new Map<string, JoinGrid>();

  gridFor(node: GraphNode, inputs: readonly PlannedNode[]): Grid {
    if (node.kind === "source") {
      return this.#add((base) => ({ ...base, kind: "source", source: node, intervalMs: node.intervalMs }));
    }
    assert(inputs.length > 0, `node ${node.name} has no inputs`);
    if (node.kind === "resample") return this.#resample(node, inputs[0]!);
    const finest = Math.min(...inputs.map((input) => input.grid.intervalMs));
    if (node.intervalMs !== finest) {
      throw new QmtlError(
        "NODE_INVALID",
        `node "${node.name}" has interval ${formatInterval(node.intervalMs)}, but its finest input has ${formatInterval(finest)}`,
        { hint: `leave the interval out, or feed it through resample(input, "${formatInterval(node.intervalMs)}")` },
      );
    }
    const inputGrids = [...new Set(inputs.map((input) => input.grid))];
    return inputGrids.length === 1 ? inputGrids[0]! : this.#join(node.intervalMs, inputGrids, node.onMissing);
  }

  #resample(node: ResampleNode, input: PlannedNode): Grid {
    if (node.intervalMs <= input.grid.intervalMs || node.intervalMs % input.grid.intervalMs !== 0) {
      throw new QmtlError(
        "NODE_INVALID",
        `node "${node.name}" resamples ${formatInterval(input.grid.intervalMs)} to ${formatInterval(node.intervalMs)}; expected a whole multiple`,
      );
    }
    return this.#add((base) => ({ ...base, kind: "resample", parent: input.grid, node, intervalMs: node.intervalMs }));
  }

  #join(intervalMs: IntervalMs, inputGrids: readonly Grid[], onMissing: MissingPolicy): Grid {
    const members = [...inputGrids].sort((a, b) => a.index - b.index);
    const key = `${onMissing}|${members.map((grid) => grid.index).join(",")}`;
    const known = this.#joins.get(key);
    if (known) return known;
    const triggers = members.filter((grid) => grid.intervalMs === intervalMs);
    const asOf = members.filter((grid) => grid.intervalMs !== intervalMs);
    const join = this.#add<JoinGrid>((base) => ({ ...base, kind: "join", intervalMs, triggers, asOf, onMissing }));
    this.#joins.set(key, join);
    return join;
  }

  #add<G extends Grid>(make: (base: { index: number; lookbackRows: number }) => G): G {
    const grid = make({ index: this.all.length, lookbackRows: 0 });
    this.all.push(grid);
    return grid;
  }
}

function reserveLookback(planned: PlannedNode): void {
  const { node, grid, inputs } = planned;
  if (node.kind === "operator") {
    const rows = node.definition.lookbackRows(node.params);
    grid.lookbackRows = Math.max(grid.lookbackRows, rows);
  } else if (node.kind === "compute") {
    for (const input of inputs) input.grid.lookbackRows = Math.max(input.grid.lookbackRows, node.period);
  }
}

function missingInput(node: GraphNode, inputId: NodeId): QmtlError {
  return new QmtlError(
    "GRAPH_NODE_MISSING",
    `node "${node.name}" reads node ${inputId}, which is not part of the graph`,
    {
      details: { node: node.name, input: inputId },
      hint: "add the input too: this.addNodes(input)",
    },
  );
}

function raise(error: QmtlError): never {
  throw error;
}

import { contextKeys, formatInterval, QmtlError, type IntervalMs, type JsonValue, type NodeId } from "@qmtl/core";
import { nodeIdOf, sha256Hex } from "@qmtl/core/identity";
import { topologicalOrder, type ComputeFunction, type GraphNode, type SeriesFunction } from "@qmtl/engine/plan";
import { classIdentityOf, codeIdentityOf } from "../code-identity/index.ts";
import { builtInStage } from "../orders/built-in-stages.ts";
import { OrderStageNode } from "../orders/order-stage.ts";
import { PositionTargetNode } from "../orders/position-target-node.ts";
import type { Node } from "../strategy/node.ts";
import { OperatorNode } from "../strategy/operator-node.ts";
import { ProcessingNode } from "../strategy/processing-node.ts";
import { QueueInput } from "../strategy/queue-input.ts";
import { ResampleNode } from "../strategy/resample-node.ts";
import { SeriesNode } from "../strategy/series-node.ts";
import { strategyName, type Strategy } from "../strategy/strategy.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import { TagQueryNode } from "../strategy/tag-query-node.ts";

/** A node of a strategy with its identity: what goes into plans, manifests and, later, over the wire. */
export interface IdentifiedNode {
  readonly node: Node;
  readonly id: NodeId;
  readonly intervalMs: IntervalMs;
  readonly period: number;
  readonly params: JsonValue;
  readonly codeHash: string;
  readonly schemaCompatId: string;
  readonly inputs: readonly IdentifiedNode[];
}

export interface StrategyGraph {
  readonly strategy: Strategy;
  readonly name: string;
  /** Topological order: inputs first. */
  readonly nodes: readonly IdentifiedNode[];
  readonly byNode: ReadonlyMap<Node, IdentifiedNode>;
}

/**
 * Gives every node of the strategies its interval, period and id, each once and in topological order.
 *
 * Tag queries see the streams of all strategies given together.
 *
 * @param first - place of the first of them among all strategies of the plan, when graphs are built in parts
 * @throws QmtlError `GRAPH_EMPTY`, `GRAPH_CYCLE`, `GRAPH_NODE_MISSING`, `NODE_INVALID`, `CODE_CAPTURE`, …
 */
export function buildGraphs(strategies: readonly Strategy[], first = 0): readonly StrategyGraph[] {
  resolveTagQueries(strategies);
  const found: Found = { nodes: new Map(), codeHashes: new Map(), operators: new Map() };
  return strategies.map((strategy, index) => buildGraph(strategy, first + index, found));
}

/** What graphs that are built together know already. */
interface Found {
  readonly nodes: Map<Node, IdentifiedNode>;
  readonly codeHashes: Map<unknown, string>;
  /** By everything an operator's identity is made of: strategies that share nodes write the same ones again and again. */
  readonly operators: Map<string, IdentifiedNode>;
}

function buildGraph(strategy: Strategy, strategyIndex: number, found: Found): StrategyGraph {
  const name = strategyName(strategy);
  if (strategy.nodes.length === 0) {
    throw new QmtlError("GRAPH_EMPTY", `strategy ${name} has no nodes`, {
      hint: "register them in setup(): this.addNodes(...)",
    });
  }
  const own = new Set(strategy.nodes);
  const inputsOf = (node: Node): readonly Node[] => {
    if (!(node instanceof TagQueryNode))
      for (const input of node.inputs) if (!own.has(input)) throw notAdded(node, input);
    if (node instanceof PositionTargetNode && !own.has(node.instrument)) throw notAdded(node, node.instrument);
    return node.inputs;
  };
  const ordered = topologicalOrder(strategy.nodes, inputsOf, (node) => node.name);
  // A function that captures variables is its own node: equal places in equal runs, so that a run can be repeated.
  let unshared = 0;
  const nodes = ordered.map((node) => {
    const place = isUnshared(node) ? `${strategyIndex}.${unshared++}` : undefined;
    let identified = found.nodes.get(node);
    if (!identified) found.nodes.set(node, (identified = identify(node, place, strategy, found)));
    return identified;
  });
  return { strategy, name, nodes, byNode: new Map(nodes.map((identified) => [identified.node, identified])) };
}

function isUnshared(node: Node): boolean {
  return (node as { readonly shared?: boolean }).shared === false;
}

function identify(node: Node, unsharedPlace: string | undefined, strategy: Strategy, found: Found): IdentifiedNode {
  const inputs = node.inputs.map((input) => found.nodes.get(input)!);
  const intervalMs = intervalOf(node, inputs, strategy);
  const key = node.constructor === OperatorNode ? operatorKey(node, intervalMs, inputs) : undefined;
  const equal = key === undefined ? undefined : found.operators.get(key);
  if (equal) return { ...equal, node, inputs };
  const period = periodOf(node, inputs, strategy);
  const params = identityParams(
    node,
    inputs.map((input) => input.id),
    unsharedPlace,
  );
  const codeHash = codeHashOf(node, found.codeHashes);
  const schemaCompatId = schemaOf(node);
  const inputIds = inputs.map((input) => input.id);
  const id = nodeIdOf({
    nodeType: node.nodeType,
    intervalMs,
    period,
    params,
    inputs: inputIds,
    schemaCompatId,
    codeHash,
  });
  const identified = { node, id, intervalMs, period, params, codeHash, schemaCompatId, inputs };
  if (key !== undefined) found.operators.set(key, identified);
  return identified;
}

// Equal only where all that `identify` reads is; undefined where a parameter is not plain enough to be told by its text.
function operatorKey(
  { definition, declaredPeriod, refs, onMissing, params }: OperatorNode,
  intervalMs: IntervalMs,
  inputs: readonly IdentifiedNode[],
): string | undefined {
  let key = `${definition.name}@${definition.version}|${intervalMs}|${declaredPeriod}|${onMissing}`;
  for (let index = 0; index < inputs.length; index++) key += `|${inputs[index]!.id}.${refs[index]!.field}`;
  for (const name in params) {
    const value = params[name];
    if (typeof value === "string") key += `|${name}=${JSON.stringify(value)}`;
    else if (typeof value === "boolean" || value === null) key += `|${name}=${value}`;
    else if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) key += `|${name}=${value}`;
    else return undefined;
  }
  return key;
}

// A compute node that names no period takes that of the streams it reads: `new StreamInput({ period: 30 })` keeps
// thirty rows for its readers.
function periodOf(node: Node, inputs: readonly IdentifiedNode[], strategy: Strategy): number {
  if (node.declaredPeriod !== undefined) return node.declaredPeriod;
  if (node instanceof StreamInput) return strategy.defaultPeriod ?? 1;
  if (!(node instanceof ProcessingNode || node instanceof TagQueryNode)) return 0;
  const kept = inputs.flatMap((input) => (input.node instanceof StreamInput ? [input.period] : []));
  return kept.length > 0 ? Math.max(...kept) : (strategy.defaultPeriod ?? 1);
}

function intervalOf(node: Node, inputs: readonly IdentifiedNode[], strategy: Strategy): IntervalMs {
  const declared = node.declaredIntervalMs;
  const finest = inputs.length > 0 ? Math.min(...inputs.map((input) => input.intervalMs)) : undefined;
  const intervalMs = declared ?? finest ?? strategy.defaultIntervalMs;
  if (intervalMs !== undefined) {
    if (node instanceof StreamInput || node instanceof ResampleNode || finest === undefined || intervalMs === finest)
      return intervalMs;
    throw new QmtlError(
      "NODE_INVALID",
      `node "${node.name}" has interval ${formatInterval(intervalMs)}, but its finest input has ${formatInterval(finest)}`,
      { hint: `leave the interval out, or feed it through resample(input, "${formatInterval(intervalMs)}")` },
    );
  }
  throw new QmtlError("INTERVAL_INVALID", `node "${node.name}" has no interval, and there is none to take it from`, {
    hint: 'give the stream an interval: new StreamInput({ interval: "1m" }), or the strategy a defaultInterval',
  });
}

// The reference hashes seven fields. What it forgot (a source's tags, an operator's inputs in their order) stands in
// params under "$", a key no author can use.
function identityParams(node: Node, inputIds: readonly NodeId[], unsharedPlace: string | undefined): JsonValue {
  const unshared: Readonly<Record<string, JsonValue>> = unsharedPlace === undefined ? {} : { unshared: unsharedPlace };
  if (node instanceof StreamInput) {
    return {
      $: {
        tags: [...node.tags].sort(),
        fields: [...node.fields],
        instrument: node.instrument ? { ...node.instrument } : null,
      },
    };
  }
  if (node instanceof OperatorNode) {
    return {
      ...node.params,
      $: {
        inputs: inputPlaces(
          inputIds,
          node.refs.map((ref) => ref.field),
        ),
        on_missing: node.onMissing,
        ...extraOf(node),
      },
    };
  }
  if (node instanceof ResampleNode)
    return { $: { aggregations: node.aggregations.map(({ field, from, how }) => ({ field, from, how })) } };
  if (node instanceof ProcessingNode || node instanceof SeriesNode || node instanceof TagQueryNode) {
    const extra: Record<string, JsonValue> = { on_missing: node.onMissing, ...unshared };
    if (node instanceof ProcessingNode) extra["inputs"] = inputPlaces(inputIds, node.inputKeys);
    else if (node instanceof SeriesNode) {
      extra["series"] = inputPlaces(
        inputIds,
        node.refs.map((ref) => ref.field),
      );
    } else {
      extra["inputs"] = inputPlaces(
        inputIds,
        inputIds.map(() => ""),
      );
      extra["query_tags"] = [...node.tags].sort();
      extra["match_mode"] = node.matchMode;
    }
    return withAuthorParams(node, node.params, extra);
  }
  if (node instanceof OrderStageNode) return withAuthorParams(node, node.params, unshared);
  throw new QmtlError(
    "NODE_INVALID",
    `node "${node.name}" is of a class the runner does not know: ${node.constructor.name}`,
  );
}

// Input ids are hashed sorted, which forgets who is who: `a - b` and `b - a` read the same two nodes. Each input is
// therefore written as its place in the sorted list and the key or field it is read by.
function inputPlaces(inputIds: readonly NodeId[], readAs: readonly string[]): string[] {
  const sorted = [...new Set(inputIds)].sort();
  return inputIds.map((id, index) => `${sorted.indexOf(id)}.${readAs[index]!}`);
}

const reservedParams: ReadonlySet<string> = new Set([...contextKeys, "$"]);

function withAuthorParams(
  node: Node,
  params: JsonValue | undefined,
  extra: Readonly<Record<string, JsonValue>>,
): JsonValue {
  refuseReserved(node, params);
  // No parameters are null to the function, which is something else than an empty record.
  if (typeof params !== "object" || params === null || Array.isArray(params))
    return { $: { ...extra, value: params ?? null } };
  return { ...(params as Readonly<Record<string, JsonValue>>), $: extra };
}

// These names are left out of every node id, because contexts carry them: a parameter so called would be no part of
// the node's identity.
function refuseReserved(node: Node, params: JsonValue | undefined): void {
  if (typeof params !== "object" || params === null) return;
  for (const key of Object.keys(params)) {
    if (reservedParams.has(key)) {
      throw new QmtlError("PARAMETER_INVALID", `parameter "${key}" of node "${node.name}" has a reserved name`, {
        hint: `rename it, for example "${key.replace(/[^a-z]/gi, "") || "value"}Param"`,
      });
    }
    refuseReserved(node, (params as Readonly<Record<string, JsonValue>>)[key]);
  }
}

// What a target trades, and in which unit, is no operator's parameter.
function extraOf(node: OperatorNode): Readonly<Record<string, JsonValue>> {
  return node instanceof PositionTargetNode ? { unit: node.unit, traded: node.instrument.instrument!.symbol } : {};
}

const noCode = sha256Hex("null");

function codeHashOf(node: Node, known: Map<unknown, string>): string {
  if (node instanceof OperatorNode)
    return hashOnce(known, node.definition, () => `qmtl:operator:${node.definition.name}@${node.definition.version}`);
  if (node instanceof ResampleNode) return hashOnce(known, ResampleNode, () => "qmtl:operator:resample@1");
  if (node instanceof OrderStageNode) return stageHashOf(node, known);
  if (node instanceof ProcessingNode || node instanceof SeriesNode || node instanceof TagQueryNode) {
    if (!node.shared) return sha256Hex(`qmtl:unshared:${String(node.compute)}`);
    const hash =
      known.get(node.compute) ??
      codeIdentityOf(node.compute, { name: node.name, ...(node.location && { location: node.location }) }).hash;
    known.set(node.compute, hash);
    return hash;
  }
  return noCode;
}

function stageHashOf(node: OrderStageNode, known: Map<unknown, string>): string {
  const type = node.constructor;
  const builtIn = builtInStage(type);
  if (builtIn !== undefined) return hashOnce(known, type, () => `qmtl:stage:${builtIn}`);
  if (!node.shared) return sha256Hex(`qmtl:unshared:${String(type)}`);
  const hash = known.get(type) ?? classIdentityOf(type, { location: node.location }).hash;
  known.set(type, hash);
  return hash;
}

function hashOnce(known: Map<unknown, string>, key: unknown, text: () => string): string {
  let hash = known.get(key);
  if (hash === undefined) known.set(key, (hash = sha256Hex(text())));
  return hash;
}

function schemaOf(node: Node): string {
  if (node instanceof StreamInput && node.hasBars) return "bar-v1";
  return node.fields === undefined ? "any-v1" : "number-v1";
}

function resolveTagQueries(strategies: readonly Strategy[]): void {
  const candidates = strategies.flatMap((strategy) => strategy.nodes.filter((node) => !(node instanceof TagQueryNode)));
  for (const strategy of strategies) {
    for (const node of strategy.nodes) {
      if (!(node instanceof TagQueryNode)) continue;
      const found = [...new Set(candidates)].filter(
        (candidate) => isMatch(node, candidate) && sameInterval(node, candidate),
      );
      found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      if (found.length === 0) {
        throw new QmtlError(
          "GRAPH_NODE_MISSING",
          `tag query "${node.name}" matches no stream: tags ${node.matchMode} of ${node.tags.join(", ")}`,
          {
            hint: `streams of this run have tags ${[...new Set(candidates.flatMap((candidate) => candidate.tags))].join(", ") || "none"}; a run in a world also reads the queues of others`,
          },
        );
      }
      node.resolve(found);
    }
  }
}

function isMatch(query: TagQueryNode, candidate: Node): boolean {
  return candidate instanceof QueueInput ? candidate.isReadBy(query) : query.matches(candidate);
}

function sameInterval(query: TagQueryNode, candidate: Node): boolean {
  return query.declaredIntervalMs === undefined || candidate.declaredIntervalMs === query.declaredIntervalMs;
}

function notAdded(node: Node, input: Node): QmtlError {
  return new QmtlError(
    "GRAPH_NODE_MISSING",
    `node "${node.name}" reads "${input.name}", which was not added to the strategy`,
    {
      details: { node: node.name, input: input.name },
      hint: "add it too: this.addNodes(input)",
    },
  );
}

/** The node as the planner takes it; order stages are no part of the pure graph. */
export function graphNodeOf({ node, id, intervalMs, period, inputs }: IdentifiedNode): GraphNode | undefined {
  const base = { id, name: node.name, intervalMs };
  if (node instanceof StreamInput) return { ...base, kind: "source", fields: node.fields };
  if (node instanceof ResampleNode)
    return { ...base, kind: "resample", input: inputs[0]!.id, aggregations: node.aggregations };
  if (node instanceof OperatorNode) {
    return {
      ...base,
      kind: "operator",
      definition: node.definition,
      params: node.params,
      inputs: node.refs.map((ref, index) => ({ from: inputs[index]!.id, field: ref.field })),
      onMissing: node.onMissing,
    };
  }
  if (node instanceof SeriesNode) {
    return {
      ...base,
      kind: "series",
      compute: node.compute as SeriesFunction,
      params: node.params ?? null,
      inputs: node.refs.map((ref, index) => ({ from: inputs[index]!.id, field: ref.field })),
      onMissing: node.onMissing,
    };
  }
  if (node instanceof ProcessingNode || node instanceof TagQueryNode) {
    const keys = node instanceof ProcessingNode ? node.inputKeys : inputs.map((input) => input.node.name);
    return {
      ...base,
      kind: "compute",
      compute: node.compute as ComputeFunction,
      params: node.params ?? null,
      period,
      inputs: inputs.map((input, index) => ({ key: keys[index]!, from: input.id })),
      onMissing: node.onMissing,
    };
  }
  return undefined;
}

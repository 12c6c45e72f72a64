import { blake3Text, crc32OfNodeIds, QmtlError } from "@qmtl/core";
import type { GraphChange, GraphQueue, StateChange } from "../graph/index.ts";

/**
 * A change as it is kept. Nodes are told by their number, in the order in which they came into the graph, and what many
 * queues have in common is written once: a change of a thousand nodes is their specs and little else.
 */
interface ChangeText {
  /** Of the ids of the nodes it brings, which follow from their specs. */
  readonly nodesCrc32: number;
  readonly change: Omit<StateChange, "nodes" | "queues" | "tagQueries" | "set">;
  readonly queues?: readonly (readonly [topic: string, node: number, common: number])[];
  readonly commons?: readonly Omit<GraphQueue, "topic" | "nodeId">[];
  readonly tagQueries?: readonly (readonly [node: number, query: object])[];
  /** Runs of numbers: first, count, first, count, ... */
  readonly set?: readonly number[];
}

/** Nodes by their number and numbers by node: those before the change, then its own. */
export interface NodeNumbers {
  numberOf(nodeId: string): number;
  nodeOf(number: number): string;
}

export function writeChange(
  { nodes = [], events = [], queues = [], tagQueries = [], set, ...change }: GraphChange,
  numbers: NodeNumbers,
): string {
  const { commons, commonOf } = inCommon();
  const text: ChangeText = {
    nodesCrc32: crc32OfNodeIds(nodes.map(({ nodeId }) => nodeId)),
    change: {
      ...change,
      ...(events.length === 0 ? {} : { sequences: events.map(({ topic, key, sequence }) => [topic, key, sequence]) }),
    },
    queues: queues.map((queue) => [queue.topic, numbers.numberOf(queue.nodeId), commonOf(queue)]),
    commons,
    tagQueries: tagQueries.map(({ nodeId, ...query }) => [numbers.numberOf(nodeId), query]),
    ...(set === undefined ? {} : { set: runsOf(set.map((nodeId) => numbers.numberOf(nodeId))) }),
  };
  return JSON.stringify(text);
}

/** What queues have in common, numbered as it is met: neighbours have most of it. */
function inCommon() {
  const commons: Omit<GraphQueue, "topic" | "nodeId">[] = [];
  const numberByKey = new Map<string, number>();
  let last: { readonly queue: GraphQueue; readonly number: number } | undefined;
  const commonOf = (queue: GraphQueue): number => {
    const { kind, intervalSeconds, tags, schemaHash, buffering } = queue;
    const { queue: before } = last ?? {};
    const isAlike = before?.kind === kind && before.intervalSeconds === intervalSeconds && before.tags === tags;
    if (last !== undefined && isAlike && before.schemaHash === schemaHash) return last.number;
    const key = `${kind} ${intervalSeconds} ${schemaHash} ${tags.join()}`;
    let number = numberByKey.get(key);
    if (number === undefined) {
      number = commons.push({ kind, intervalSeconds, tags, schemaHash, buffering }) - 1;
      numberByKey.set(key, number);
    }
    last = { queue, number };
    return number;
  };
  return { commons, commonOf };
}

/** @param specs - of the change's nodes, in their order; an id is the hash of its spec, so ids are not kept (D-2)
 * @throws QmtlError `STORE_CORRUPT` */
export function readChange(body: string, specs: readonly string[], numbers: NodeNumbers): StateChange {
  const { nodesCrc32, change, queues = [], commons = [], tagQueries = [], set } = JSON.parse(body) as ChangeText;
  const nodes = specs.map(nodeOfSpec);
  if (crc32OfNodeIds(nodes.map(({ nodeId }) => nodeId)) !== nodesCrc32) {
    throw new QmtlError("STORE_CORRUPT", "a change of the graph holds other nodes than it was written with", {
      details: { version: change.baseVersion + 1 },
      hint: "restore the database of the DAG Manager from a backup; do not edit it",
    });
  }
  return {
    ...change,
    nodes,
    queues: queues.map(([topic, node, common]) => {
      return { topic, nodeId: numbers.nodeOf(node), ...commons[common]!, buffering: undefined };
    }),
    tagQueries: tagQueries.map(([node, query]) => ({ nodeId: numbers.nodeOf(node), ...query })) as never,
    ...(set === undefined ? {} : { set: [...numbersOf(set)].map((number) => numbers.nodeOf(number)) }),
  };
}

/** What the state keeps of a node, out of node_type|interval|period|params|inputs|schema_compat_id|code_hash. */
function nodeOfSpec(spec: string): NonNullable<StateChange["nodes"]>[number] {
  const parts = spec.split("|"); // only params may hold the separator
  const inputs = parts.at(-3)!;
  return {
    nodeId: blake3Text(spec),
    period: Number(parts[2]),
    inputs: inputs === "" ? [] : inputs.split(","),
  };
}

function runsOf(numbers: readonly number[]): number[] {
  const runs: number[] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const count = runs.at(-1);
    if (count !== undefined && runs.at(-2)! + count === number) runs[runs.length - 1] = count + 1;
    else runs.push(number, 1);
  }
  return runs;
}

function* numbersOf(runs: readonly number[]): Iterable<number> {
  for (let at = 0; at < runs.length; at += 2) {
    for (let offset = 0; offset < runs[at + 1]!; offset++) yield runs[at]! + offset;
  }
}

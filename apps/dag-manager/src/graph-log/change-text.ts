import { blake3Texts, crc32OfNodeIds, QmtlError } from "@qmtl/core";
import { numbersIn, runsOf, type GraphQueue, type NumberRuns, type StateChange } from "../graph/index.ts";

/**
 * A change as it is kept. Nodes are told by their number, in the order in which they came into the graph, and what many
 * queues have in common is written once: a change of a thousand nodes is their specs and little else.
 */
interface ChangeText {
  /** Of the ids of the nodes it brings, which follow from their specs. */
  readonly nodesCrc32: number;
  readonly change: Omit<StateChange, "nodes" | "queues" | "queueNodes" | "tagQueries" | "set">;
  /** Of the queues, each in their order. */
  readonly topics?: readonly string[];
  readonly queueNodes?: NumberRuns;
  readonly queueCommons?: readonly number[];
  /** The same as it was written before. */
  readonly queues?: readonly (readonly [topic: string, node: number, common: number])[];
  readonly commons?: readonly Omit<GraphQueue, "topic" | "nodeId">[];
  readonly tagQueries?: StateChange["tagQueries"];
  readonly set?: NumberRuns;
}

export function writeChange({ nodes, queues, queueNodes, tagQueries, set, ...change }: StateChange): string {
  const { commons, commonOf } = inCommon();
  const text: ChangeText = {
    nodesCrc32: crc32OfNodeIds(nodes.map(({ nodeId }) => nodeId)),
    change,
    topics: queues.map(({ topic }) => topic),
    queueNodes: runsOf(queueNodes),
    queueCommons: queues.map(commonOf),
    commons,
    tagQueries,
    ...(set === undefined ? {} : { set }),
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

/**
 * @param specs - of the change's nodes, in their order; an id is the hash of its spec, so ids are not kept (D-2)
 * @param nodeOf - ids of the nodes before the change, by number
 * @param nodeCount - how many there are
 * @throws QmtlError `STORE_CORRUPT`
 */
export function readChange(
  body: string,
  specs: readonly string[],
  nodeOf: (number: number) => string | undefined,
  nodeCount: number,
): StateChange {
  const { nodesCrc32, change, tagQueries = [], set, ...rest } = JSON.parse(body) as ChangeText;
  const ids = blake3Texts(specs);
  if (crc32OfNodeIds(ids) !== nodesCrc32) {
    throw new QmtlError("STORE_CORRUPT", "a change of the graph holds other nodes than it was written with", {
      details: { version: change.baseVersion + 1 },
      hint: "restore the database of the DAG Manager from a backup; do not edit it",
    });
  }
  const { topics, queueNodes, queueCommons } = queuesOf(rest);
  return {
    ...change,
    nodes: specs.map((spec, index) => nodeOfSpec(ids[index]!, spec)),
    queues: topics.map((topic, index) => {
      const number = queueNodes[index]!;
      const nodeId = nodeOf(number) ?? ids[number - nodeCount]!;
      return { topic, nodeId, ...rest.commons![queueCommons[index]!]!, buffering: undefined };
    }),
    queueNodes,
    tagQueries,
    ...(set === undefined ? {} : { set }),
  };
}

function queuesOf({ topics = [], queueNodes = [], queueCommons = [], queues }: Partial<ChangeText>) {
  if (queues === undefined) return { topics, queueNodes: [...numbersIn(queueNodes)], queueCommons };
  return {
    topics: queues.map(([topic]) => topic),
    queueNodes: queues.map(([, node]) => node),
    queueCommons: queues.map(([, , common]) => common),
  };
}

/** Specs of a change as one text. A spec holds no line feed: its texts refuse it, and its JSON escapes it. */
export function writeSpecs(specs: readonly string[]): string {
  return specs.length === 0 ? "[]" : `\n${specs.join("\n")}`;
}

/** Rows of earlier versions hold a JSON array. */
export function readSpecs(text: string): readonly string[] {
  return text.startsWith("\n") ? text.slice(1).split("\n") : (JSON.parse(text) as readonly string[]);
}

/** What the state keeps of a node, out of node_type|interval|period|params|inputs|schema_compat_id|code_hash. */
function nodeOfSpec(nodeId: string, spec: string): StateChange["nodes"][number] {
  const parts = spec.split("|"); // only params may hold the separator
  const inputs = parts.at(-3)!;
  return { nodeId, period: Number(parts[2]), inputs: inputs === "" ? [] : inputs.split(",") };
}

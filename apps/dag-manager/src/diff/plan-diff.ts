import { asWindows } from "@qmtl/core";
import type { GraphNode, GraphQueue, GraphView, QueueContext } from "../graph/index.ts";
import { queueKindOf, TopicNamer } from "../naming/index.ts";
import { tagQueryOf, type TagQuery } from "../tag-query/index.ts";
import type { Dag, DagEntry } from "./read-dag.ts";

/** A node that keeps its queue and recomputes `lagBars` before its rows are trusted. */
export interface BufferedNode {
  readonly entry: DagEntry;
  readonly lagBars: number;
}

export interface DiffPlan {
  /** Partition key → topic, in topological order of the nodes. */
  readonly queueMap: readonly (readonly [partitionKey: string, topic: string])[];
  readonly bufferedNodes: readonly BufferedNode[];
  readonly newNodes: readonly GraphNode[];
  readonly newQueues: readonly GraphQueue[];
  readonly reusedCount: number;
  readonly tagQueries: readonly (TagQuery & { readonly nodeId: string })[];
}

/**
 * What a DAG needs beside what is there. A node that has a queue in this context keeps it; the others get one. A node's
 * id covers its code and the identity of its schema, so a schema hash that differs under one id is a compatible change:
 * the queue stays, and its rows are recomputed.
 *
 * @param isTaken - whether some other queue has or had a topic name
 * @param wanted - what `wantedTopics` says
 * @throws QmtlError `QUEUE_CONFLICT`
 */
export function planDiff(
  dag: Dag,
  view: GraphView,
  isTaken: (topic: string) => boolean,
  namer = topicNamerOf(dag),
  wanted = wantedTopics(dag, view, namer),
): DiffPlan {
  const named = new Set<string>();
  const queueMap: [string, string][] = [];
  const bufferedNodes: BufferedNode[] = [];
  const newNodes: GraphNode[] = [];
  const newQueues: GraphQueue[] = [];
  for (let index = 0; index < dag.entries.length; index++) {
    const entry = dag.entries[index]!;
    if (!view.knownNodes.has(entry.nodeId)) newNodes.push(entry);
    let queue = view.queues.get(entry.nodeId);
    if (queue === undefined) {
      const isUsed = (name: string): boolean => named.has(name) || isTaken(name);
      const topic = namer.name(entry, isUsed, wanted[newQueues.length]!);
      named.add(topic);
      queue = newQueueOf(entry, topic);
      newQueues.push(queue);
    } else if (queue.schemaHash !== entry.schemaHash) {
      bufferedNodes.push({ entry, lagBars: entry.period });
    }
    queueMap.push([dag.partitionKeys[index]!, queue.topic]);
  }
  return {
    queueMap,
    bufferedNodes,
    newNodes,
    newQueues,
    reusedCount: dag.entries.length - newQueues.length,
    tagQueries: dag.entries.flatMap(({ reads, nodeId, tags, intervalSeconds }) =>
      reads === undefined || tags.length === 0 ? [] : [{ nodeId, ...tagQueryOf(tags, intervalSeconds, reads) }],
    ),
  };
}

/** The first choice of a topic for each entry without a queue, in their order. */
export function wantedTopics(dag: Dag, { queues }: GraphView, namer: TopicNamer): readonly string[] {
  const names: string[] = [];
  for (const entry of dag.entries) if (!queues.has(entry.nodeId)) names.push(namer.firstName(entry));
  return asWindows(names);
}

/** What names the topics of a DAG. */
export function topicNamerOf({ namespace, version, context }: Dag): TopicNamer {
  return new TopicNamer({ namespace, version, simulated: context.executionDomain === "dryrun" });
}

/** The part of a context that queues are kept apart by. */
export function queueContextOf({ context }: Pick<Dag, "context">): QueueContext {
  return {
    worldId: context.worldId,
    executionDomain: context.executionDomain,
    asOf: context.asOf ?? "",
    partition: context.partition ?? "",
  };
}

function newQueueOf(
  { nodeId, nodeType, intervalSeconds, tags, reads, schemaHash }: DagEntry,
  topic: string,
): GraphQueue {
  return {
    topic,
    nodeId,
    kind: queueKindOf(nodeType),
    intervalSeconds,
    tags: reads === undefined ? tags : [],
    schemaHash,
    buffering: undefined,
  };
}

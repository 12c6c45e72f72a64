import type { EpochMs } from "@qmtl/core";
import type { TagQuery } from "../tag-query/index.ts";
import type { GraphChange } from "./graph-change.ts";
import type { GraphQueue, QueueContext, Sentinel, SentinelWeight, Submission } from "./model.ts";

/** What a diff needs to know of its nodes, all at one version of the graph. */
export interface GraphView {
  readonly version: number;
  /** Those of the nodes asked for that are stored. */
  readonly knownNodes: ReadonlySet<string>;
  /** Active queues of those nodes in the context asked for, by node id. */
  readonly queues: ReadonlyMap<string, GraphQueue>;
  readonly sentinel: Sentinel | undefined;
  readonly weight: SentinelWeight | undefined;
  /** What the strategy holds in that context; undefined when nothing, or when it was released. */
  readonly submission: Submission | undefined;
  readonly isSetKnown: boolean;
}

/** A queue as garbage collection sees it. */
export interface QueueUsage {
  readonly topic: string;
  readonly context: QueueContext;
  readonly kind: GraphQueue["kind"];
  readonly tags: readonly string[];
  readonly intervalSeconds: number;
  readonly createdMs: EpochMs;
  /** A submission that is not released holds its node, or a node that reads it, directly or through others. */
  readonly isReferenced: boolean;
  /** When it was first seen without a reference; undefined while it has one. */
  readonly unreferencedSinceMs: EpochMs | undefined;
  /** Retiring: its topic is about to go, or was when the process ended. */
  readonly state: "active" | "retiring";
}

/**
 * The graph: nodes, queues, sentinels, who holds what, and the events that tell of it. Append-only. Its version goes up
 * with every change, and a change is refused unless it was planned at the current one: two managers, or two requests,
 * that plan at once make one set of nodes and one set of queues.
 */
export interface GraphStore {
  version(): Promise<number>;
  view(request: {
    readonly nodeIds: readonly string[];
    readonly context: QueueContext;
    readonly strategyId: string;
    readonly setId: string;
  }): Promise<GraphView>;
  /** Those of the names that some queue has or had. */
  takenTopics(topics: readonly string[]): Promise<ReadonlySet<string>>;
  /** Names, of present and past queues, that begin with the stem. */
  topicsWithStem(stem: string): Promise<readonly string[]>;
  /** Topics of the active queues in a context that match, in code-point order. */
  queuesMatching(context: QueueContext, query: TagQuery): Promise<readonly string[]>;
  /** Queries that nodes of live submissions in the context ask, each once. */
  tagQueries(context: QueueContext): Promise<readonly TagQuery[]>;
  /** The context of a world and domain that was first used last: the one a query means that does not say as of when. */
  newestContext(worldId: string, executionDomain: string): Promise<QueueContext | undefined>;
  hasContext(context: QueueContext): Promise<boolean>;
  /** The last sequence of each key of a topic; keys without events are absent. */
  sequences(topic: string, keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** True when it is durable; false when the graph has another version than the change was planned at. */
  commit(change: GraphChange): Promise<boolean>;
  sentinel(sentinelId: string): Promise<Sentinel | undefined>;
  weights(): Promise<readonly (SentinelWeight & { readonly version: string })[]>;
  /** Contexts in which a strategy holds nodes. */
  contextsOf(strategyId: string): Promise<readonly QueueContext[]>;
  /**
   * Queues that are not gone, with their references.
   *
   * @param strategyId - only those of nodes in the sets the strategy holds or has held
   */
  usage(strategyId?: string): Promise<{ readonly version: number; readonly queues: readonly QueueUsage[] }>;
  bufferingSince(atMostMs: EpochMs): Promise<readonly BufferingQueue[]>;
  activeQueues(): Promise<readonly GraphQueue[]>;
  counts(): Promise<{ readonly nodes: number; readonly queues: number }>;
}

export interface BufferingQueue {
  readonly queue: GraphQueue;
  readonly period: number;
}

import type { EpochMs } from "@qmtl/core";
import type { TagQuery } from "../tag-query/index.ts";
import type { Buffering, GraphNode, GraphQueue, QueueContext, Sentinel, SentinelWeight, Submission } from "./model.ts";

/**
 * Everything one step adds to the graph, committed whole or not at all. Nodes, sentinels and names only ever come; what
 * may change is who holds what (submissions), a sentinel's weight, and the state of a queue.
 */
export interface GraphChange {
  /** The version the step was planned at. At any other version nothing is written and the step is planned anew. */
  readonly baseVersion: number;
  readonly atMs: EpochMs;
  /** Where `queues`, `tagQueries`, `submission` and `held` belong. */
  readonly context?: QueueContext;
  readonly nodes?: readonly GraphNode[];
  readonly queues?: readonly GraphQueue[];
  /** Queries of the step's nodes: told of every queue that comes to match or ceases to. */
  readonly tagQueries?: readonly (TagQuery & { readonly nodeId: string })[];
  readonly sentinel?: Sentinel;
  readonly weight?: SentinelWeight;
  readonly submission?: Submission;
  /** Node ids of the submission's set; absent when the set is stored. */
  readonly set?: readonly string[];
  readonly released?: { readonly strategyId: string };
  readonly buffering?: readonly { readonly topic: string; readonly buffering: Buffering }[];
  /** Queues whose buffering ended: what was being recomputed is now what is trusted. */
  readonly settled?: readonly string[];
  readonly unreferenced?: readonly string[];
  readonly referenced?: readonly string[];
  /** Queues that no submission finds any more and whose topic is about to go. */
  readonly retired?: readonly string[];
  readonly dropped?: readonly string[];
  readonly events?: readonly GraphEvent[];
}

/** What the change tells others, in the same transaction. `sequence` counts per topic and key, from 1. */
export interface GraphEvent {
  readonly topic: "control.queues" | "control.sentinel";
  readonly key: string;
  readonly sequence: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly correlationId: string;
}

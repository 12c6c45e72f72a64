import type { EpochMs } from "@qmtl/core";
import type { QueueKind } from "../naming/index.ts";

/**
 * The place and time a queue's rows belong to. Two contexts never share a queue: with the node's id these four are what
 * a compute key is made of. Absent text is "".
 */
export interface QueueContext {
  readonly worldId: string;
  readonly executionDomain: string;
  readonly asOf: string;
  readonly partition: string;
}

/** A node as it is stored for ever: `nodeId` is the hash of `specText` (D-2). */
export interface GraphNode {
  readonly nodeId: string;
  /** node_type|interval|period|params|inputs|schema_compat_id|code_hash */
  readonly specText: string;
  readonly nodeType: string;
  readonly intervalSeconds: number; // 0 when there is none
  readonly period: number; // rows
  readonly inputs: readonly string[];
  readonly tags: readonly string[];
}

/** The queue of one node in one context. Names are never used again, not even after the queue is gone. */
export interface GraphQueue {
  readonly topic: string;
  readonly nodeId: string;
  readonly kind: QueueKind;
  readonly intervalSeconds: number;
  /** What tag queries find it by. Empty for the output of a tag query node, whose tags say what it reads. */
  readonly tags: readonly string[];
  /** Of the rows that are trusted in it. */
  readonly schemaHash: string;
  readonly buffering: Buffering | undefined;
}

/** The rows of a queue are being recomputed for a schema that changed compatibly. */
export interface Buffering {
  readonly schemaHash: string;
  readonly sinceMs: EpochMs;
  /** Records in the queue when it began; how many more there have to be is the node's period. */
  readonly sizeAtStart: number;
}

/** A version of a strategy, and the share of traffic each world gives to it. */
export interface Sentinel {
  readonly sentinelId: string;
  readonly strategyId: string;
  readonly version: string;
}

export interface SentinelWeight {
  readonly sentinelId: string;
  readonly worldId: string;
  /** In [0, 1]. */
  readonly weight: number;
}

/** What a strategy holds in one context: its nodes stay referenced until it is released. */
export interface Submission {
  readonly strategyId: string;
  readonly version: string;
  /** Hash of the set of its node ids: submissions of one DAG share one stored set. */
  readonly setId: string;
}

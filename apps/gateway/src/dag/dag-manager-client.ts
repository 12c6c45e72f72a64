import type { ComputeContext } from "@qmtl/core";
import type { QueueDescriptor } from "@qmtl/contracts/gateway";

export interface DiffCall {
  readonly strategyId: string;
  readonly dagJson: string;
  readonly context: ComputeContext;
  /** Reads, and changes nothing. */
  readonly dryRun: boolean;
  readonly correlationId: string;
  /** Called when the DAG Manager has taken the diff up. */
  readonly onStarted?: () => void;
}

export interface DiffAnswer {
  readonly topicByPartitionKey: Readonly<Record<string, string>>;
  readonly sentinelId: string;
  /** Checksum over the node ids as the DAG Manager read them. */
  readonly nodeIdsCrc32: number | undefined;
}

export interface TagQuery {
  readonly tags: readonly string[];
  readonly intervalSeconds: number;
  readonly matchMode: "any" | "all";
  readonly worldId: string;
  readonly executionDomain: string;
  /** Blank: the context of that world and domain that was used first last. */
  readonly asOf?: string;
  readonly partition?: string;
}

/**
 * The Gateway's view of a DAG Manager.
 *
 * Every call throws `QmtlError`: `DEPENDENCY_UNAVAILABLE` when nobody answers, a code with a 4xx status when the caller
 * is wrong, any other when the service is.
 */
export interface DagManagerClient {
  diff(call: DiffCall): Promise<DiffAnswer>;
  queuesByTag(query: TagQuery): Promise<readonly QueueDescriptor[]>;
  /** Whether it answers and can work. */
  healthy(): Promise<boolean>;
  /** `open` while calls fail at once. */
  readonly breaker: "closed" | "open" | "half-open";
  close(): Promise<void>;
}

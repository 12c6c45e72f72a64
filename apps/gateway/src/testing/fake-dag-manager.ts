import { computeKey, crc32OfNodeIds, partitionKey, QmtlError, readJson, type WireObject } from "@qmtl/core";
import type { QueueDescriptor } from "@qmtl/contracts/gateway";
import type { DagManagerClient, DiffAnswer, DiffCall, TagQuery } from "../dag/dag-manager-client.ts";

/** A DAG Manager in memory: names a topic per node and context, and does what a test tells it to. */
export class FakeDagManager implements DagManagerClient {
  readonly calls: DiffCall[] = [];
  readonly topics = new Set<string>();
  breaker: DagManagerClient["breaker"] = "closed";
  /** Thrown by every call while it is set. */
  failure: Error | undefined;
  /** Awaited by each diff after it was taken up. */
  pause: Promise<void> | undefined;
  queues: QueueDescriptor[] = [];
  crc32: number | undefined;

  async diff(call: DiffCall): Promise<DiffAnswer> {
    this.calls.push(call);
    if (this.failure !== undefined) throw this.failure;
    call.onStarted?.();
    await this.pause;
    const { nodes } = readJson(call.dagJson) as unknown as { nodes: readonly WireObject[] };
    const compute = nodes.filter((node) => node["node_type"] !== "VersionSentinel");
    const ids = compute.map((node) => node["node_id"] as string);
    const entries = ids.map((nodeId): [string, string] => {
      const { worldId, executionDomain } = call.context;
      const topic = `${worldId || "none"}.${executionDomain}.${nodeId.slice(7, 15)}`;
      if (!call.dryRun) this.topics.add(topic);
      return [partitionKey(nodeId, 60, 0, computeKey(nodeId, call.context)), topic];
    });
    return {
      topicByPartitionKey: Object.fromEntries(entries),
      sentinelId: call.dryRun
        ? `dryrun:${crc32OfNodeIds(ids).toString(16).padStart(8, "0")}`
        : `${call.strategyId}-sentinel`,
      nodeIdsCrc32: this.crc32 ?? crc32OfNodeIds(ids),
    };
  }

  async queuesByTag(_query: TagQuery): Promise<readonly QueueDescriptor[]> {
    if (this.failure !== undefined) throw this.failure;
    return this.queues;
  }

  async healthy(): Promise<boolean> {
    return this.failure === undefined;
  }

  async close(): Promise<void> {}
}

export const dagManagerDown = new QmtlError("DEPENDENCY_UNAVAILABLE", "connection refused");

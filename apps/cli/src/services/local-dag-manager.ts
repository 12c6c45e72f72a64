import type { DagManager } from "@qmtl/dag-manager";
import type { DagManagerClient, DiffAnswer, DiffCall, TagQuery } from "@qmtl/gateway";
import { DiffService, TagQuery as TagQueryService } from "@qmtl/contracts/dag-manager";
import type { Tracing } from "@qmtl/service/tracing";

/**
 * A DAG Manager of this process, called without a wire: gRPC to oneself would cost more than the diff of a small strategy.
 */
export class LocalDagManager implements DagManagerClient {
  readonly breaker = "closed";
  readonly #manager: DagManager;
  readonly #tracing: Tracing;

  /** @param tracing - the DAG Manager's: its part of a trace reads as if it had been called over the wire */
  constructor(manager: DagManager, tracing: Tracing) {
    this.#manager = manager;
    this.#tracing = tracing;
  }

  async diff({ strategyId, dagJson, context, dryRun, correlationId, onStarted }: DiffCall): Promise<DiffAnswer> {
    onStarted?.();
    const { worldId, executionDomain, asOf, partition, datasetFingerprint } = context;
    const subject = {
      strategyId,
      dagJson,
      worldId,
      executionDomain,
      asOf: asOf ?? "",
      partition: partition ?? "",
      datasetFingerprint: datasetFingerprint ?? "",
    };
    const run = () => this.#manager.diff(subject, { dryRun, correlationId });
    const outcome = await this.#tracing.span(`${DiffService.typeName}/Diff`, run, { kind: "server" });
    return {
      topicByPartitionKey: Object.fromEntries(outcome.queueMap),
      sentinelId: outcome.sentinelId,
      nodeIdsCrc32: outcome.crc32,
    };
  }

  async queuesByTag({
    tags,
    intervalSeconds,
    matchMode,
    ...scope
  }: TagQuery): Promise<{ queue: string; global: boolean }[]> {
    const run = () => this.#manager.queuesByTag(tags, intervalSeconds, matchMode, scope);
    const topics = await this.#tracing.span(`${TagQueryService.typeName}/GetQueues`, run, { kind: "server" });
    return topics.map((queue) => ({ queue, global: false }));
  }

  async healthy(): Promise<boolean> {
    const { graph, state } = await this.#manager.status();
    return graph === "ok" && state === "running";
  }

  async close(): Promise<void> {}
}

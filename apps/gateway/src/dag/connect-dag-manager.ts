import { Code, ConnectError, createClient, type Client, type Transport } from "@connectrpc/connect";
import { dagManagerMetadata, DiffService, HealthCheck, TagQuery as TagQueryService } from "@qmtl/contracts/dag-manager";
import type { QueueDescriptor } from "@qmtl/contracts/gateway";
import { errorCatalog, QmtlError, type Clock, type ErrorCode } from "@qmtl/core";
import { CircuitBreaker, type BreakerState } from "@qmtl/service/resilience";
import type { DagManagerClient, DiffAnswer, DiffCall, TagQuery } from "./dag-manager-client.ts";

export interface ConnectDagManagerOptions {
  /** gRPC to the DAG Manager, or anything that speaks its services. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly diffMs: number;
  readonly callMs: number;
  readonly breakerOpenMs: number;
  readonly onBreaker?: (state: BreakerState, failures: number) => void;
}

/** The DAG Manager over its gRPC services. */
export class ConnectDagManager implements DagManagerClient {
  readonly #options: ConnectDagManagerOptions;
  readonly #diffs: Client<typeof DiffService>;
  readonly #tags: Client<typeof TagQueryService>;
  readonly #health: Client<typeof HealthCheck>;
  readonly #breaker: CircuitBreaker;
  readonly #abort = new AbortController();

  constructor(options: ConnectDagManagerOptions) {
    this.#options = options;
    this.#diffs = createClient(DiffService, options.transport);
    this.#tags = createClient(TagQueryService, options.transport);
    this.#health = createClient(HealthCheck, options.transport);
    this.#breaker = new CircuitBreaker({
      name: "the DAG Manager",
      clock: options.clock,
      openMs: options.breakerOpenMs,
      // A diff that is refused shows that it works.
      counts: (error) => error instanceof QmtlError && error.code === "DEPENDENCY_UNAVAILABLE",
      ...(options.onBreaker !== undefined && { onChange: options.onBreaker }),
    });
  }

  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  diff(call: DiffCall): Promise<DiffAnswer> {
    return this.#call(() => this.#diff(call));
  }

  queuesByTag(query: TagQuery): Promise<readonly QueueDescriptor[]> {
    return this.#call(async () => {
      const { tags, intervalSeconds, matchMode, worldId, executionDomain, asOf = "", partition = "" } = query;
      const request = { tags: [...tags], interval: BigInt(intervalSeconds), matchMode };
      const headers = {
        [dagManagerMetadata.worldId]: worldId,
        [dagManagerMetadata.executionDomain]: executionDomain,
        [dagManagerMetadata.asOf]: asOf,
        [dagManagerMetadata.partition]: partition,
      };
      const { queues } = await this.#tags.getQueues(request, { ...this.#limits(this.#options.callMs), headers });
      return queues.map(({ queue, global }) => ({ queue, global }));
    });
  }

  async healthy(): Promise<boolean> {
    const { neo4j, state } = await this.#call(() => this.#health.status({}, this.#limits(this.#options.callMs)));
    return neo4j === "ok" && state === "running";
  }

  async close(): Promise<void> {
    this.#abort.abort();
  }

  async #diff({ strategyId, dagJson, context, dryRun, correlationId, onStarted }: DiffCall): Promise<DiffAnswer> {
    const { worldId, executionDomain, asOf, partition, datasetFingerprint } = context;
    const request = {
      strategyId,
      dagJson,
      worldId,
      executionDomain,
      asOf: asOf ?? "",
      partition: partition ?? "",
      datasetFingerprint: datasetFingerprint ?? "",
    };
    const headers = {
      [dagManagerMetadata.correlationId]: correlationId,
      ...(dryRun && { [dagManagerMetadata.dryRun]: "1" }),
    };
    let streamId = "";
    const onHeader = (answer: Headers): void => {
      streamId = answer.get(dagManagerMetadata.streamId) ?? "";
      onStarted?.();
    };
    const topicByPartitionKey: Record<string, string> = {};
    let [sentinelId, chunkId] = ["", 0];
    let nodeIdsCrc32: number | undefined;
    for await (const chunk of this.#diffs.diff(request, { ...this.#limits(this.#options.diffMs), headers, onHeader })) {
      Object.assign(topicByPartitionKey, chunk.queueMap);
      sentinelId ||= chunk.sentinelId;
      nodeIdsCrc32 ??= chunk.crc32;
      const ack = { sentinelId: chunk.sentinelId, chunkId: chunkId++ };
      const named = { [dagManagerMetadata.streamId]: streamId };
      await this.#diffs.ackChunk(ack, { ...this.#limits(this.#options.callMs), headers: named });
    }
    return { topicByPartitionKey, sentinelId, nodeIdsCrc32 };
  }

  #call<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.#breaker.call(async () => {
      try {
        return await run();
      } catch (error) {
        throw error instanceof QmtlError ? error : dagManagerError(error);
      }
    });
  }

  #limits(timeoutMs: number) {
    return { timeoutMs, signal: this.#abort.signal };
  }
}

const codes: Partial<Record<Code, ErrorCode>> = {
  [Code.Unavailable]: "DEPENDENCY_UNAVAILABLE",
  [Code.DeadlineExceeded]: "DEPENDENCY_UNAVAILABLE",
  [Code.Canceled]: "DEPENDENCY_UNAVAILABLE",
  [Code.ResourceExhausted]: "DEPENDENCY_UNAVAILABLE",
  [Code.InvalidArgument]: "REQUEST_INVALID",
  [Code.OutOfRange]: "REQUEST_INVALID",
  [Code.FailedPrecondition]: "GRAPH_CONFLICT",
};

function dagManagerError(cause: unknown): QmtlError {
  const { code, rawMessage, metadata } = ConnectError.from(cause);
  const named = metadata.get(dagManagerMetadata.errorCode) ?? "";
  const known = Object.hasOwn(errorCatalog, named) ? (named as ErrorCode) : undefined;
  return new QmtlError(known ?? codes[code] ?? "DEPENDENCY_FAILED", `the DAG Manager: ${rawMessage}`, { cause });
}

import { Code, ConnectError, createClient, type Client, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  AdminService,
  dagManagerMetadata,
  DiffService,
  TagQuery,
  type BufferInstruction,
} from "@qmtl/contracts/dag-manager";
import { errorCatalog, QmtlError, type ErrorCode } from "@qmtl/core";
import type { DiffSubject } from "../diff/index.ts";
import type { QueryScope } from "../manager/index.ts";

export interface DiffSummary {
  readonly queueMap: Readonly<Record<string, string>>;
  readonly sentinelId: string;
  readonly version: string;
  readonly bufferNodes: readonly BufferInstruction[];
}

/** The DAG Manager from elsewhere: what operators ask it. */
export class DagManagerClient {
  readonly #target: string;
  readonly #diffs: Client<typeof DiffService>;
  readonly #tags: Client<typeof TagQuery>;
  readonly #admin: Client<typeof AdminService>;

  /**
   * @param target - "127.0.0.1:50051"
   * @param token - bearer token; none is needed on the manager's own machine by default
   */
  constructor(target: string, token?: string, timeoutMs = 60_000) {
    this.#target = target;
    const transport: Transport = createGrpcTransport({
      baseUrl: /^https?:\/\//.test(target) ? target : `http://${target}`,
      defaultTimeoutMs: timeoutMs,
      interceptors: token === undefined ? [] : [withToken(token)],
    });
    this.#diffs = createClient(DiffService, transport);
    this.#tags = createClient(TagQuery, transport);
    this.#admin = createClient(AdminService, transport);
  }

  /** @throws QmtlError the manager's own, by its code; `DEPENDENCY_UNAVAILABLE` when it does not answer */
  async diff(subject: DiffSubject, { dryRun = false } = {}): Promise<DiffSummary> {
    const queueMap: Record<string, string> = {};
    const bufferNodes: BufferInstruction[] = [];
    let [sentinelId, version, streamId] = ["", "", ""];
    await this.#call(async () => {
      const headers = dryRun ? { [dagManagerMetadata.dryRun]: "1" } : {};
      const onHeader = (header: Headers): void => void (streamId = header.get(dagManagerMetadata.streamId) ?? "");
      let chunkId = 0;
      for await (const chunk of this.#diffs.diff(subject, { headers, onHeader })) {
        Object.assign(queueMap, chunk.queueMap);
        bufferNodes.push(...chunk.bufferNodes);
        ({ sentinelId, version } = chunk);
        await this.#diffs.ackChunk(
          { sentinelId, chunkId: chunkId++ },
          { headers: { [dagManagerMetadata.streamId]: streamId } },
        );
      }
    });
    return { queueMap, sentinelId, version, bufferNodes };
  }

  async redoDiff(sentinelId: string, dagJson: string): Promise<Omit<DiffSummary, "bufferNodes">> {
    const { queueMap, version } = await this.#call(() => this.#admin.redoDiff({ sentinelId, dagJson }));
    return { queueMap, sentinelId, version };
  }

  async queuesByTag(
    tags: readonly string[],
    intervalSeconds: number,
    matchMode: "any" | "all",
    { worldId, executionDomain, asOf, partition }: QueryScope,
  ): Promise<readonly string[]> {
    const headers = Object.fromEntries(
      Object.entries({ worldId, executionDomain, asOf, partition }).flatMap(([name, value]) =>
        value === undefined ? [] : [[dagManagerMetadata[name as keyof typeof dagManagerMetadata], value]],
      ),
    );
    const request = { tags: [...tags], interval: BigInt(intervalSeconds), matchMode };
    const { queues } = await this.#call(() => this.#tags.getQueues(request, { headers }));
    return queues.map(({ queue }) => queue);
  }

  /** @returns topic → records */
  async queueStats(filter: string): Promise<Readonly<Record<string, number>>> {
    const { sizes } = await this.#call(() => this.#admin.getQueueStats({ filter }));
    return Object.fromEntries(Object.entries(sizes).map(([topic, size]) => [topic, Number(size)]));
  }

  /** @param id - a strategy, which lets go of what it holds, or a sentinel, whose queues are looked at; blank: all */
  async cleanup(id: string): Promise<void> {
    await this.#call(() => this.#admin.cleanup({ strategyId: id }));
  }

  async #call<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (cause) {
      const error = ConnectError.from(cause);
      const code = error.metadata.get(dagManagerMetadata.errorCode);
      if (code !== null && Object.hasOwn(errorCatalog, code)) {
        throw new QmtlError(code as ErrorCode, error.rawMessage, { cause });
      }
      if (error.code !== Code.Unavailable && error.code !== Code.DeadlineExceeded) {
        throw new QmtlError("DEPENDENCY_FAILED", `the DAG Manager answers: ${error.message}`, { cause });
      }
      throw new QmtlError("DEPENDENCY_UNAVAILABLE", `the DAG Manager does not answer at ${this.#target}`, {
        details: { target: this.#target },
        hint: "start it with qmtl up, or name its address with --target",
        cause,
      });
    }
  }
}

function withToken(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

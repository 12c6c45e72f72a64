import type { DataLog, Leases, Subscription } from "@qmtl/bus";
import type {
  AppendAnswer,
  AppendRecords,
  NodeLeaseAnswer,
  NodeLeaseRequest,
  ReadRecords,
} from "@qmtl/contracts/gateway";
import { QmtlError, type Clock } from "@qmtl/core";

export interface DataPlaneOptions {
  readonly log: DataLog;
  readonly leases: Leases;
  readonly clock: Clock;
}

const payloadCharsMax = 262_144;

/**
 * How runners share nodes: the holder of a node's lease appends its outputs, everybody else reads them. Writes are
 * fenced by the lease's token.
 */
export class DataPlane {
  readonly #options: DataPlaneOptions;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
  }

  /** @param subject - who asks: one subject cannot take another's lease by using its holder's name */
  async lease(request: NodeLeaseRequest, subject: string): Promise<NodeLeaseAnswer> {
    const { leases } = this.#options;
    const resource = `node:${request.world_id ?? ""}:${request.compute_key}`;
    if (request.action === "acquire") {
      const holder = `${subject}/${request.holder}`;
      const answer = await leases.acquire(resource, holder, request.ttl_ms);
      if (answer.kind === "granted") {
        return { granted: true, token: answer.token, held_by: null, expires_in_ms: answer.expiresInMs };
      }
      return { granted: false, token: null, held_by: answer.by, expires_in_ms: answer.expiresInMs };
    }
    const token = tokenOf(request);
    if (request.action === "release") {
      await leases.release(resource, token);
      return { granted: false, token: null, held_by: null, expires_in_ms: 0 };
    }
    const { expiresInMs } = await leases.renew(resource, token, request.ttl_ms);
    return { granted: true, token, held_by: null, expires_in_ms: expiresInMs };
  }

  /** @throws QmtlError `FENCED`, `QUEUE_NOT_FOUND` */
  async append(topic: string, { records }: AppendRecords): Promise<AppendAnswer> {
    const outgoing = records.map(({ key, bucket_ms, input_hash, token, payload }) => {
      const text = JSON.stringify(payload ?? null);
      if (text.length > payloadCharsMax) {
        throw new QmtlError(
          "REQUEST_TOO_LARGE",
          `a payload has at most ${payloadCharsMax} characters; found ${text.length}`,
        );
      }
      return { key, bucketMs: bucket_ms, inputHash: input_hash, token, payload: text };
    });
    const appended = await this.#options.log.append(topic, outgoing);
    return { offsets: appended.map(({ offset }) => offset) };
  }

  /** Records from an offset on; when there are none, waits for some up to `waitMs`. @throws QmtlError `QUEUE_NOT_FOUND` */
  async read(topic: string, from: number, limit: number, waitMs: number): Promise<ReadRecords> {
    let records = await this.#options.log.read(topic, from, limit);
    if (records.length === 0 && waitMs > 0) {
      await this.#arrival(topic, from, waitMs);
      records = await this.#options.log.read(topic, from, limit);
    }
    return {
      records: records.map(({ offset, key, bucketMs, inputHash, token, revision, payload }) => {
        const value: unknown = JSON.parse(payload);
        return { offset, key, bucket_ms: bucketMs, input_hash: inputHash, token, revision, payload: value };
      }),
      next_offset: (records.at(-1)?.offset ?? Math.max(0, from) - 1) + 1,
    };
  }

  async #arrival(topic: string, from: number, waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(waitMs, resolve);
    let subscription: Subscription | undefined;
    try {
      subscription = await this.#options.log.subscribe(topic, { from: Math.max(0, from) }, () => resolve());
      await promise;
    } finally {
      cancel();
      await subscription?.close();
    }
  }
}

function tokenOf({ token, action }: NodeLeaseRequest): number {
  if (token !== undefined) return token;
  throw new QmtlError("REQUEST_INVALID", `${action} must name the token of the lease; found none`);
}

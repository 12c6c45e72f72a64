import type { EpochMs, NodeId } from "@qmtl/core";
import type { GatewayClient } from "../gateway-client/index.ts";

/** One bucket of a node, on its way between processes. */
export interface NodeRecord {
  /** Compute key: the node in its world and domain. */
  readonly key: string;
  readonly bucketMs: EpochMs;
  /** Equal for equal content, so that the same row sent again stays one row. */
  readonly inputHash: string;
  /** The writer's fencing token. */
  readonly token: number;
  readonly payload: unknown;
}

export type NodeLease =
  | { readonly granted: true; readonly token: number; readonly expiresInMs: number }
  | { readonly granted: false; readonly heldBy: string; readonly expiresInMs: number };

/** Where processes meet that share nodes: who computes what, and the rows. */
export interface NodeExchange {
  /** Asks for the right to compute a node, or for more time under the token it was given. */
  lease(key: string, holder: string, ttlMs: number, token?: number): Promise<NodeLease>;
  release(key: string, holder: string, token: number): Promise<void>;
  /** @throws QmtlError `FENCED` when somebody newer writes */
  append(topic: string, records: readonly NodeRecord[]): Promise<void>;
  /** Records from an offset on, -1 being the last one; waits up to `waitMs` for the first. */
  read(
    topic: string,
    fromOffset: number,
    limit: number,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly records: readonly NodeRecord[]; readonly nextOffset: number }>;
}

/** First and last bucket that a queue holds; undefined while it holds none. A queue has the rows of one compute key. */
export async function bucketsOf(
  exchange: NodeExchange,
  { topic }: SharedNodeAddress,
  signal: AbortSignal,
): Promise<{ readonly firstMs: EpochMs; readonly lastMs: EpochMs } | undefined> {
  const [first, last] = await Promise.all([0, -1].map((offset) => exchange.read(topic, offset, 1, 0, signal)));
  const [firstMs, lastMs] = [first!.records[0]?.bucketMs, last!.records[0]?.bucketMs];
  return firstMs === undefined || lastMs === undefined ? undefined : { firstMs, lastMs };
}

/** A node that can be shared: what it is called between processes, and where its rows go. */
export interface SharedNodeAddress {
  readonly id: NodeId;
  readonly key: string;
  readonly topic: string;
}

/** The exchange behind a Gateway. */
export function gatewayExchange(client: GatewayClient, worldId: string): NodeExchange {
  return {
    async lease(computeKey, holder, ttlMs, token) {
      const request = { compute_key: computeKey, world_id: worldId, holder, ttl_ms: ttlMs };
      const answer = await client.nodeLease(
        token === undefined ? { action: "acquire", ...request } : { action: "renew", ...request, token },
      );
      const { granted, token: given, held_by: heldBy, expires_in_ms: expiresInMs } = answer;
      if (granted && given !== null) return { granted, token: given, expiresInMs };
      return { granted: false, heldBy: heldBy ?? "nobody", expiresInMs };
    },
    async release(computeKey, holder, token) {
      await client.nodeLease({
        action: "release",
        compute_key: computeKey,
        world_id: worldId,
        holder,
        ttl_ms: 1_000,
        token,
      });
    },
    async append(topic, records) {
      await client.appendRecords(topic, {
        records: records.map(({ key, bucketMs, inputHash, token, payload }) => ({
          key,
          bucket_ms: bucketMs,
          input_hash: inputHash,
          token,
          payload,
        })),
      });
    },
    async read(topic, fromOffset, limit, waitMs, signal) {
      const { records, next_offset: nextOffset } = await client.readRecords(topic, fromOffset, {
        limit,
        waitMs,
        signal,
      });
      return {
        nextOffset,
        records: records.map(({ key, bucket_ms, input_hash, token, payload }) => ({
          key,
          bucketMs: bucket_ms,
          inputHash: input_hash,
          token,
          payload,
        })),
      };
    },
  };
}

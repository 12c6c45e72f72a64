import type { CloudEvent, ControlTopic } from "@qmtl/contracts/events";
import type { EpochMs } from "@qmtl/core";
import type { Kysely } from "kysely";
import { nextCount } from "../counters/index.ts";
import { rowChecksum } from "../database/index.ts";
import { narrowed, type StoreTables } from "../tables/index.ts";

/** An event that is to be published when the transaction it is written in has committed. */
export interface OutboxEvent {
  readonly topic: ControlTopic;
  /** What it is about: the world, the queue. */
  readonly key: string;
  /** From `nextSequence`, or the caller's own counter of the key; it names this event for ever (invariant W-1). */
  readonly sequence: number;
  readonly event: CloudEvent;
}

/** The next sequence of a key, from 1: to be taken in the transaction that writes the event. */
export function nextSequence<Tables extends StoreTables>(
  transaction: Kysely<Tables>,
  topic: ControlTopic,
  key: string,
): Promise<number> {
  return nextCount(transaction, `sequence/${topic}/${key}`);
}

/**
 * Writes events beside the change they tell of: both are committed, or neither. A relay publishes them.
 *
 * @throws QmtlError `STORE_FAILED` (`details.violated` "unique") when a sequence was used before
 */
export async function appendOutbox<Tables extends StoreTables>(
  transaction: Kysely<Tables>,
  events: readonly OutboxEvent[],
  nowMs: EpochMs,
): Promise<void> {
  if (events.length === 0) return;
  const last = await nextCount(transaction, "outbox", events.length);
  const rows = events.map(({ topic, key, sequence, event }, index) => {
    const body = JSON.stringify(event);
    const checksum = rowChecksum(topic, key, sequence, body);
    const position = last - events.length + 1 + index;
    return { position, topic, key, sequence, body, checksum, created_ms: nowMs, published_ms: null, refused: null };
  });
  await narrowed(transaction).insertInto("store_outbox").values(rows).execute();
}

import { compareCodePoints, formatInstant, sha256Hex, type EpochMs } from "@qmtl/core";
import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { InstantText } from "./cloud-event.ts";

const Name = Type.String({ minLength: 1 });

export const MatchMode = Type.Enum(["any", "all"]);

/** A queue as tag queries name it. `global`: it belongs to no world, and a strategy does not compute it. */
export type QueueDescriptor = Static<typeof QueueDescriptor>;
export const QueueDescriptor = Type.Object({ queue: Name, global: Type.Boolean() });

/**
 * `queue_updated` on `control.queues`, keyed by `queueEventKey`: the queues that carry these tags at this interval now.
 * Other producers write queues as plain names; `queueDescriptors` reads both.
 */
export type QueueUpdated = Static<typeof QueueUpdated>;
export const QueueUpdated = Type.Object({
  version: Type.Literal(1),
  tags: Type.Array(Name, { minItems: 1 }),
  interval: Type.Integer({ minimum: 0 }), // seconds
  queues: Type.Array(Type.Union([QueueDescriptor, Name])),
  match_mode: MatchMode,
  etag: Name,
  ts: InstantText,
  idempotency_key: Type.Optional(Name),
  sequence: Type.Optional(Type.Integer({ minimum: 1 })),
  world_id: Type.Optional(Name),
  execution_domain: Type.Optional(Name),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkQueueUpdated = shapeCheck(QueueUpdated, "the queue event");

/** The etag carries the counter, so that every change is another event for consumers that compare etags. */
export function queueUpdated(
  fields: Omit<QueueUpdated, "version" | "idempotency_key" | "ts" | "etag" | "queues" | "sequence"> & {
    readonly queues: readonly QueueDescriptor[];
    readonly sequence: number;
    readonly tsMs: EpochMs;
  },
): QueueUpdated {
  const { tsMs, queues, ...rest } = fields;
  const tags = [...rest.tags].sort(compareCodePoints);
  const subject = `${tags.join(".")}:${rest.interval}`;
  return {
    version: 1,
    ...rest,
    tags,
    queues: [...queues],
    etag: `q:${subject}:${rest.sequence}`,
    ts: formatInstant(tsMs),
    idempotency_key: `queue_updated:${subject}:${rest.match_mode}:${rest.sequence}`,
  };
}

export function queueDescriptors(event: QueueUpdated): QueueDescriptor[] {
  return event.queues.map((queue) => (typeof queue === "string" ? { queue, global: false } : queue));
}

/** Key of the events about one tag query; the order of tags does not matter. */
export function queueEventKey(query: {
  readonly tags: readonly string[];
  readonly intervalSeconds: number;
  readonly matchMode: "any" | "all";
  readonly worldId?: string;
  readonly executionDomain?: string;
}): string {
  const { tags, intervalSeconds, matchMode, worldId = "", executionDomain = "" } = query;
  const sorted = [...new Set(tags)].sort(compareCodePoints);
  return sha256Hex(JSON.stringify([sorted, intervalSeconds, matchMode, worldId, executionDomain]));
}

/** `queue_lifecycle` on `control.queues`, keyed by queue: a queue is gone. */
export type QueueLifecycle = Static<typeof QueueLifecycle>;
export const QueueLifecycle = Type.Object({
  version: Type.Literal(1),
  queue: Name,
  action: Type.Enum(["drop", "archive"]),
  reason: Name,
  etag: Name,
  ts: InstantText,
  idempotency_key: Name,
  tag: Type.Optional(Name),
  interval: Type.Optional(Type.Integer({ minimum: 0 })),
  archive_status: Type.Optional(Type.Enum(["archived", "missing_client", "failed"])),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkQueueLifecycle = shapeCheck(QueueLifecycle, "the queue event");

export function queueLifecycle(
  fields: Omit<QueueLifecycle, "version" | "idempotency_key" | "ts" | "etag"> & { readonly tsMs: EpochMs },
): QueueLifecycle {
  const { tsMs, ...rest } = fields;
  const subject = `${rest.queue}:${rest.action}:${rest.reason}:1`;
  const ts = formatInstant(tsMs);
  return { version: 1, ...rest, ts, etag: `ql:${subject}`, idempotency_key: `queue_lifecycle:${subject}` };
}

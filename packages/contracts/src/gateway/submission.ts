import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { QueueDescriptor } from "./queues.ts";

/** A world's id as it stands in paths, topics and keys. */
export const WorldId = Type.String({ minLength: 1, maxLength: 128, pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$" });

/** Worlds one submission may name. */
export const worldCountMax = 64;

/** What `POST /strategies` and its dry run take. */
export type StrategySubmit = Static<typeof StrategySubmit>;
export const StrategySubmit = Type.Object(
  {
    dag_json: Type.String({ minLength: 2 }), // base64 of the UTF-8 DAG document, or the document's text
    node_ids_crc32: Type.Integer({ minimum: 0, maximum: 0xffff_ffff }),
    // execution_domain, as_of, partition, dataset_fingerprint, version; unknown keys are kept
    meta: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
    world_id: Type.Optional(Type.Union([WorldId, Type.Null()])), // older form of world_ids
    world_ids: Type.Optional(Type.Union([Type.Array(WorldId, { maxItems: worldCountMax }), Type.Null()])),
  },
  { additionalProperties: false },
);

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkStrategySubmit = shapeCheck(StrategySubmit, "the submission");

/** Queues by node id: where a node's rows are read. A node without an entry has no queue yet. */
export type QueueMap = Static<typeof QueueMap>;
export const QueueMap = Type.Record(Type.String(), Type.Array(QueueDescriptor));

/** Answer to a submission (202) or a dry run (200). */
export type StrategyAck = Static<typeof StrategyAck>;
export const StrategyAck = Type.Object({
  strategy_id: Type.String(), // "dryrun" for a dry run
  queue_map: QueueMap, // empty as long as the diff has not answered: read the status or the queue_map event
  sentinel_id: Type.String(),
  node_ids_crc32: Type.Integer(),
  world_ids: Type.Array(Type.String()),
  downgraded: Type.Boolean(),
  downgrade_reason: Type.Union([Type.String(), Type.Null()]),
  safe_mode: Type.Boolean(), // computes, sends no orders
});

/** queued → processing → completed | failed | dead-lettered; it never goes back. */
export type SubmissionStatus = Static<typeof SubmissionStatus>;
export const SubmissionStatus = Type.Enum(["queued", "processing", "completed", "failed", "dead-lettered"]);

/** What `GET /strategies/{id}/status` answers. */
export type StrategyStatus = Static<typeof StrategyStatus>;
export const StrategyStatus = Type.Object({
  strategy_id: Type.String(),
  status: SubmissionStatus,
  reason: Type.Union([Type.String(), Type.Null()]), // why it failed, or why it still waits
  attempts: Type.Integer({ minimum: 0 }), // diffs that were answered with a fault or died
  queue_map: QueueMap,
  sentinel_id: Type.String(),
  world_ids: Type.Array(Type.String()),
  submitted_at: Type.String(), // ISO 8601
  updated_at: Type.String(),
});

/** One step of a submission's life, as `GET /strategies/{id}/history` lists them, oldest first. */
export type StrategyHistory = Static<typeof StrategyHistory>;
export const StrategyHistory = Type.Object({
  strategy_id: Type.String(),
  events: Type.Array(
    Type.Object({
      revision: Type.Integer({ minimum: 1 }),
      event: Type.String(), // INIT, PROCESS, RETRY, COMPLETE, FAIL, DEAD_LETTER
      status: SubmissionStatus,
      reason: Type.Union([Type.String(), Type.Null()]),
      ts: Type.String(),
    }),
  ),
});

/** A node's coverage after a history load, posted to `/strategies/{id}/history`. */
export type HistoryReport = Static<typeof HistoryReport>;
export const HistoryReport = Type.Object({
  node_id: Type.String({ minLength: 1, maxLength: 256 }),
  interval: Type.Integer({ minimum: 1 }), // seconds
  rows: Type.Optional(Type.Integer({ minimum: 0 })),
  coverage_bounds: Type.Optional(Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 })),
  conformance_flags: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  conformance_warnings: Type.Optional(Type.Array(Type.String(), { maxItems: 1_000 })),
  dataset_fingerprint: Type.Optional(Type.String()),
  as_of: Type.Optional(Type.String()),
  world_id: Type.Optional(WorldId),
  execution_domain: Type.Optional(Type.String()),
  artifact: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkHistoryReport = shapeCheck(HistoryReport, "the history report");

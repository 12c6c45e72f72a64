import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { WorldId } from "./submission.ts";

const ResourceName = Type.String({ minLength: 1, maxLength: 512 });
const Token = Type.Integer({ minimum: 1 });

/** What `POST /leases/nodes` takes: one holder asks for, keeps or gives back the right to compute a node. */
export type NodeLeaseRequest = Static<typeof NodeLeaseRequest>;
export const NodeLeaseRequest = Type.Object(
  {
    action: Type.Enum(["acquire", "renew", "release"]),
    compute_key: ResourceName,
    world_id: Type.Optional(WorldId), // where the node is computed; without one the caller needs every world
    holder: Type.String({ minLength: 1, maxLength: 128 }), // one per process start
    ttl_ms: Type.Integer({ minimum: 100, maximum: 60_000 }),
    token: Type.Optional(Token), // renew and release
  },
  { additionalProperties: false },
);

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkNodeLeaseRequest = shapeCheck(NodeLeaseRequest, "the lease request");

/** Whether the holder may compute. Count `expires_in_ms` from the moment of asking, on the monotonic clock. */
export type NodeLeaseAnswer = Static<typeof NodeLeaseAnswer>;
export const NodeLeaseAnswer = Type.Object({
  granted: Type.Boolean(),
  token: Type.Union([Token, Type.Null()]), // fencing token of the grant
  held_by: Type.Union([Type.String(), Type.Null()]), // who has it when it was not granted
  expires_in_ms: Type.Number(),
});

/** Records one append takes. */
export const appendCountMax = 1_000;

/** What `POST /queues/{topic}/records` takes. */
export type AppendRecords = Static<typeof AppendRecords>;
export const AppendRecords = Type.Object(
  {
    records: Type.Array(
      Type.Object(
        {
          key: ResourceName, // compute key
          bucket_ms: Type.Integer(),
          input_hash: Type.String({ minLength: 1, maxLength: 128 }),
          token: Token,
          payload: Type.Unknown(),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: appendCountMax },
    ),
  },
  { additionalProperties: false },
);

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkAppendRecords = shapeCheck(AppendRecords, "the records");

/** Offsets in the order of the records; one that was there already has its old offset. */
export type AppendAnswer = Static<typeof AppendAnswer>;
export const AppendAnswer = Type.Object({ offsets: Type.Array(Type.Integer({ minimum: 0 })) });

/** What `GET /queues/{topic}/records` answers: what is there from an offset on, maybe after waiting for some. */
export type ReadRecords = Static<typeof ReadRecords>;
export const ReadRecords = Type.Object({
  records: Type.Array(
    Type.Object({
      offset: Type.Integer({ minimum: 0 }),
      key: Type.String(),
      bucket_ms: Type.Integer(),
      input_hash: Type.String(),
      token: Type.Integer(),
      revision: Type.Integer({ minimum: 0 }),
      payload: Type.Unknown(),
    }),
  ),
  next_offset: Type.Integer({ minimum: 0 }),
});

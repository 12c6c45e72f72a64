import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { WorldId } from "./submission.ts";

/** Topics a client can ask the event stream for, by their normal names. */
export type StreamTopic = Static<typeof StreamTopic>;
export const StreamTopic = Type.Enum(["activation", "policy", "queue", "deprecation"]);

/** What `POST /events/subscribe` takes. */
export type EventSubscribe = Static<typeof EventSubscribe>;
export const EventSubscribe = Type.Object(
  {
    world_id: WorldId,
    strategy_id: Type.String({ minLength: 1, maxLength: 128 }),
    topics: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 32 })),
  },
  { additionalProperties: false },
);

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkEventSubscribe = shapeCheck(EventSubscribe, "the subscription");

/** Where to connect and with what. The token goes into the `Authorization` header or the subprotocol, never the URL. */
export type EventSubscription = Static<typeof EventSubscription>;
export const EventSubscription = Type.Object({
  stream_url: Type.String(), // …/ws/evt
  fallback_url: Type.String(), // …/ws
  token: Type.String(), // JWT
  ticket: Type.String(), // opaque, for `?ticket=`; works once, within ticket_expires_at
  ticket_expires_at: Type.String(),
  topics: Type.Array(StreamTopic), // as they were understood
  expires_at: Type.String(), // of the token: the socket closes then unless it was refreshed
});

/**
 * First frame of every topic asked for, and the answer to a gap: the whole state, never a difference. It stands in
 * `data` of a CloudEvent of type `snapshot`.
 */
export type SnapshotData = Static<typeof SnapshotData>;
export const SnapshotData = Type.Object({
  version: Type.Literal(1),
  topic: StreamTopic,
  world_id: Type.Union([Type.String(), Type.Null()]),
  strategy_id: Type.Union([Type.String(), Type.Null()]),
  state_hash: Type.String(), // of the topic's whole state at its owner; of the empty list when there is no owner
  sequence: Type.Integer({ minimum: 0 }), // last event of the key that the state contains; 0 when unknown
  // live: read from the owner just now; stale: the owner did not answer, orders stay off; none: there is no owner
  source: Type.Enum(["live", "stale", "none"]),
  items: Type.Array(Type.Record(Type.String(), Type.Unknown())),
});

/** What a client may send. Anything else counts as a heartbeat and gets no answer. */
export type ClientFrame = Static<typeof ClientFrame>;
export const ClientFrame = Type.Union([
  Type.Object({ op: Type.Literal("heartbeat") }), // answered by {"op":"ack"}
  Type.Object({ type: Type.Literal("ack"), last_id: Type.Optional(Type.String({ maxLength: 256 })) }),
  Type.Object({ type: Type.Literal("refresh"), token: Type.String({ maxLength: 8_192 }) }),
  Type.Object({
    type: Type.Literal("resume"),
    from: Type.Array(
      Type.Object({
        topic: StreamTopic,
        key: Type.String({ minLength: 1, maxLength: 512 }),
        sequence: Type.Integer({ minimum: 0 }),
      }),
      { maxItems: 256 },
    ),
  }),
]);

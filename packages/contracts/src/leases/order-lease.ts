import { Type, type Static } from "typebox";
import { EffectiveMode } from "../events/activation.ts";
import { shapeCheck } from "../schema/index.ts";

const Name = Type.String({ minLength: 1, maxLength: 128 });
const Counter = Type.Integer({ minimum: 0 });

export const WorldPhase = Type.Enum(["ACTIVE", "FREEZING", "FROZEN", "SWITCHED", "ROLLED_BACK"]);

/**
 * What `POST /worlds/{id}/lease` takes: a holder asks for the right to send orders, every 800 ms. `closed_epoch` is its
 * acknowledgement that its gate is closed for every epoch up to that one.
 */
export type OrderLeaseRequest = Static<typeof OrderLeaseRequest>;
export const OrderLeaseRequest = Type.Object(
  {
    holder: Name,
    incarnation: Name, // one per process start
    strategy_id: Name,
    seen_epoch: Counter,
    closed_epoch: Type.Optional(Counter),
    sequence: Counter, // of the last activation event the holder has taken
  },
  { additionalProperties: false },
);

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkOrderLeaseRequest = shapeCheck(OrderLeaseRequest, "the lease request");

/** A lease counts from the moment it was asked for, on the holder's monotonic clock. */
export type OrderLeaseAnswer = Static<typeof OrderLeaseAnswer>;
export const OrderLeaseAnswer = Type.Object({
  granted: Type.Boolean(),
  reason: Type.Optional(Type.String()), // why not
  epoch: Counter,
  phase: WorldPhase,
  effective_mode: EffectiveMode,
  sequence: Counter,
  state_hash: Type.String(),
  ttl_ms: Type.Integer({ minimum: 0 }),
  decision_expires_in_ms: Type.Integer({ minimum: 0 }),
  high_water: Counter, // sequence of the last activation event when the lease was granted
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkOrderLeaseAnswer = shapeCheck(OrderLeaseAnswer, "the answer to a lease request");

/** What `POST /worlds/{id}/acks` takes: the same acknowledgement without asking for a lease. */
export type OrderAck = Static<typeof OrderAck>;
export const OrderAck = Type.Object(
  { holder: Name, incarnation: Name, closed_epoch: Counter },
  { additionalProperties: false },
);

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkOrderAck = shapeCheck(OrderAck, "the acknowledgement");

/** What `GET /worlds/{id}/order-state` answers: everything an order gate opens on, read in one transaction. */
export type OrderState = Static<typeof OrderState>;
export const OrderState = Type.Object({
  phase: WorldPhase,
  epoch: Counter,
  sequence: Counter,
  killed: Type.Boolean(),
  state_hash: Type.String(),
  drain_reduce_only: Type.Boolean(),
  entries: Type.Array(
    Type.Object({
      strategy_id: Type.String(),
      side: Type.Enum(["long", "short"]),
      active: Type.Boolean(),
      weight: Type.Number(),
      freeze: Type.Boolean(),
      drain: Type.Boolean(),
      effective_mode: Type.Union([EffectiveMode, Type.Null()]),
    }),
  ),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkOrderState = shapeCheck(OrderState, "the order state");

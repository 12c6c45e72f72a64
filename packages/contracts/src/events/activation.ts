import { formatInstant, type EpochMs } from "@qmtl/core";
import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { InstantText } from "./cloud-event.ts";

const Name = Type.String({ minLength: 1 });
const Counter = Type.Integer({ minimum: 0 });

export const EffectiveMode = Type.Enum(["validate", "compute-only", "paper", "live"]);
export type EffectiveMode = Static<typeof EffectiveMode>;

/**
 * `activation_updated` on `control.activation`, keyed by world: what a strategy may do from now on, or a phase of an
 * apply. A value this schema does not know makes the event unreadable, and an unreadable event closes the world.
 */
export type ActivationUpdated = Static<typeof ActivationUpdated>;
export const ActivationUpdated = Type.Object({
  version: Type.Literal(1), // of this schema; counters are `epoch` and `sequence`
  world_id: Name,
  /** Raised by every freeze and every unfreeze of the world. */
  epoch: Counter,
  /** Counts the world's events; with the world it names one body for ever. */
  sequence: Type.Integer({ minimum: 1 }),
  etag: Name,
  run_id: Type.String(), // "" outside an apply
  ts: InstantText,
  state_hash: Name,
  idempotency_key: Name,
  strategy_id: Type.Optional(Name),
  side: Type.Optional(Type.Enum(["long", "short"])),
  active: Type.Optional(Type.Boolean()),
  weight: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  freeze: Type.Optional(Type.Boolean()),
  drain: Type.Optional(Type.Boolean()),
  effective_mode: Type.Optional(EffectiveMode),
  execution_domain: Type.Optional(Type.Enum(["backtest", "dryrun", "live", "shadow"])),
  compute_context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  phase: Type.Optional(Type.Enum(["freeze", "unfreeze"])),
  requires_ack: Type.Optional(Type.Boolean()),
  /** Where the world stands after the event; a holder of an order lease takes absence for "not open". */
  world_phase: Type.Optional(Type.Enum(["ACTIVE", "FREEZING", "FROZEN", "SWITCHED", "ROLLED_BACK"])),
  /** The kill switch; absent means killed, because silence never opens. */
  killed: Type.Optional(Type.Boolean()),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkActivationUpdated = shapeCheck(ActivationUpdated, "the activation event");

export function activationUpdated(
  fields: Omit<ActivationUpdated, "version" | "idempotency_key" | "ts"> & { readonly tsMs: EpochMs },
): ActivationUpdated {
  const { tsMs, ...rest } = fields;
  const idempotency_key = `activation_updated:${rest.world_id}:${rest.etag}:${rest.run_id}:1`;
  return { version: 1, ...rest, ts: formatInstant(tsMs), idempotency_key };
}

/** `activation_ack` on `control.activation.ack`, keyed by world: a holder's gate is closed for an epoch, or has opened. */
export type ActivationAck = Static<typeof ActivationAck>;
export const ActivationAck = Type.Object({
  version: Type.Literal(1),
  world_id: Name,
  run_id: Type.String(),
  ts: InstantText,
  ack_ts: InstantText,
  idempotency_key: Name,
  holder: Type.Optional(Name),
  epoch: Type.Optional(Counter),
  sequence: Type.Optional(Counter),
  phase: Type.Optional(Type.Enum(["freeze", "unfreeze"])),
  etag: Type.Optional(Name),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkActivationAck = shapeCheck(ActivationAck, "the activation acknowledgement");

export function activationAck(
  fields: Omit<ActivationAck, "version" | "idempotency_key" | "ts" | "ack_ts"> & {
    readonly tsMs: EpochMs;
    readonly ackMs: EpochMs;
  },
): ActivationAck {
  const { tsMs, ackMs, ...rest } = fields;
  const subject = `${rest.world_id}:${rest.run_id}:${rest.sequence ?? 0}:${rest.phase ?? "unknown"}`;
  const idempotency_key = `activation_ack:${subject}:1`;
  return { version: 1, ...rest, ts: formatInstant(tsMs), ack_ts: formatInstant(ackMs), idempotency_key };
}

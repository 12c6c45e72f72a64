import { formatInstant, type EpochMs } from "@qmtl/core";
import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { InstantText } from "./cloud-event.ts";

const Name = Type.String({ minLength: 1 });

/** `sentinel_weight_updated` on `control.sentinel`, keyed by sentinel: the share of traffic a version gets. */
export type SentinelWeightUpdated = Static<typeof SentinelWeightUpdated>;
export const SentinelWeightUpdated = Type.Object({
  version: Type.Literal(1),
  sentinel_id: Name,
  weight: Type.Number({ minimum: 0, maximum: 1 }),
  etag: Name,
  ts: InstantText,
  idempotency_key: Name,
  sentinel_version: Type.Optional(Name),
  world_id: Type.Optional(Name),
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkSentinelWeightUpdated = shapeCheck(SentinelWeightUpdated, "the sentinel event");

export function sentinelWeightUpdated(
  fields: Omit<SentinelWeightUpdated, "version" | "idempotency_key" | "ts" | "etag"> & { readonly tsMs: EpochMs },
): SentinelWeightUpdated {
  const { tsMs, ...rest } = fields;
  const subject = `${rest.sentinel_id}:${rest.sentinel_version ?? ""}:${rest.weight.toFixed(6)}:1`;
  const ts = formatInstant(tsMs);
  return { version: 1, ...rest, ts, etag: `sw:${subject}`, idempotency_key: `sentinel_weight_updated:${subject}` };
}

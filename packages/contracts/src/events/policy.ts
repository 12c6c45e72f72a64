import { formatInstant, type EpochMs } from "@qmtl/core";
import { Type, type Static } from "typebox";
import { shapeCheck } from "../schema/index.ts";
import { InstantText } from "./cloud-event.ts";

const Name = Type.String({ minLength: 1 });

/** `policy_updated` on `control.policy`, keyed by world: another policy version is the default now. */
export type PolicyUpdated = Static<typeof PolicyUpdated>;
export const PolicyUpdated = Type.Object({
  version: Type.Literal(1),
  world_id: Name,
  policy_version: Type.Integer({ minimum: 1 }),
  checksum: Name,
  status: Type.Literal("ACTIVE"),
  ts: InstantText,
  idempotency_key: Name,
});

/** @throws QmtlError `SCHEMA_INVALID` */
export const checkPolicyUpdated = shapeCheck(PolicyUpdated, "the policy event");

export function policyUpdated(
  fields: Pick<PolicyUpdated, "world_id" | "policy_version" | "checksum"> & { readonly tsMs: EpochMs },
): PolicyUpdated {
  const { tsMs, ...rest } = fields;
  const idempotency_key = `policy_updated:${rest.world_id}:${rest.policy_version}:${rest.checksum}:1`;
  return { version: 1, ...rest, status: "ACTIVE", ts: formatInstant(tsMs), idempotency_key };
}

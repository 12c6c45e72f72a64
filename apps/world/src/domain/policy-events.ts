import { cloudEvent, eventSources, policyUpdated } from "@qmtl/contracts/events";
import type { Change } from "../store/world-store.ts";

/** Tells of the policy that holds now, or of what an apply has made of it. */
export function publishPolicy({ world, nowMs, set, publish }: Change, policyVersion: number, checksum: string): void {
  const { id, policy_sequence } = world.row;
  const sequence = policy_sequence + 1;
  set({ policy_sequence: sequence });
  const event = cloudEvent({
    id: `policy:${id}:${sequence}`,
    source: eventSources.worldService,
    type: "policy_updated",
    timeMs: nowMs,
    data: policyUpdated({ world_id: id, policy_version: policyVersion, checksum, tsMs: nowMs }),
    correlationId: `policy:${id}:${policyVersion}`,
  });
  publish({ topic: "control.policy", key: id, sequence, event });
}

import { blake3Text, executionDomainOfMode, formatInstant, sortedAsciiJson, type EpochMs } from "@qmtl/core";
import type { EffectiveMode } from "@qmtl/policy/activation";
import type { WorldState } from "../store/world-state.ts";

/** How long a decision may be used without asking again. */
export const decisionTtlMs = 300_000;

/** What a world allows, and why. */
export interface WorldDecision {
  readonly effective_mode: EffectiveMode;
  readonly reason: string;
  readonly policy_version: number;
  readonly active: readonly string[];
  readonly phase: string;
  readonly epoch: number;
}

export interface DecisionEnvelope {
  readonly world_id: string;
  readonly policy_version: number;
  readonly effective_mode: EffectiveMode;
  readonly reason: string;
  /** When it was decided. The dataset's own time is another matter. */
  readonly as_of: string;
  readonly ttl: string;
  readonly etag: string;
  readonly execution_domain: string;
  readonly dataset_fingerprint?: string;
}

/**
 * What the world allows now. Whatever is wrong with it comes first; a world that nobody has taken further only computes
 * (W-5).
 */
export function decisionOf({ row, record, bindings, decisions, mode }: WorldState): WorldDecision {
  const said = (effective_mode: EffectiveMode, reason: string): WorldDecision => ({
    effective_mode,
    reason,
    policy_version: row.default_policy_version,
    active: decisions,
    phase: record.phase,
    epoch: record.epoch,
  });
  if (record.killed !== null) return said("compute-only", "killed");
  if (row.state !== "ACTIVE") return said("compute-only", "suspended");
  if (record.phase === "ROLLED_BACK") return said("compute-only", "rolled_back");
  if (record.phase !== "ACTIVE") return said("compute-only", "frozen");
  if (decisions.length === 0) return said("validate", bindings.length === 0 ? "no_bindings" : "no_active_strategies");
  if (row.data_is_current !== 1) return said("validate", "data_stale");
  if (mode === "compute-only" || mode === "validate") return said(mode, "not_promoted");
  return said(mode, row.mode === "live" && mode === "paper" ? "live_not_allowed" : "policy_evaluated");
}

export function envelopeOf(world: WorldState, decision: WorldDecision, decidedMs: EpochMs): DecisionEnvelope {
  const { dataset_fingerprint } = world.profile;
  const content = {
    world_id: world.row.id,
    policy_version: decision.policy_version,
    effective_mode: decision.effective_mode,
    reason: decision.reason,
    as_of: formatInstant(decidedMs),
    ttl: `${decisionTtlMs / 1_000}s`,
    execution_domain: executionDomainOfMode(decision.effective_mode),
    ...(dataset_fingerprint === undefined ? {} : { dataset_fingerprint }),
  };
  const hash = blake3Text(sortedAsciiJson([content, decision.active, decision.epoch])).slice(7, 23);
  return { ...content, etag: `w:${world.row.id}:v${decision.policy_version}:${hash}` };
}

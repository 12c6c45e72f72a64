import { activationUpdated, cloudEvent, eventSources, type ActivationUpdated } from "@qmtl/contracts/events";
import { executionDomainOfMode, type EpochMs } from "@qmtl/core";
import type { ActivationEntry } from "@qmtl/policy/activation";
import type { WorldRecord } from "@qmtl/policy/world-protocol";
import type { OutboxEvent } from "@qmtl/store";

/** What all events of one transaction say. */
export interface EventFrame {
  readonly record: WorldRecord;
  readonly stateHash: string;
  readonly runId: string;
  readonly nowMs: EpochMs;
  readonly correlationId: string;
}

/** Etag of an entry that was last written with that sequence number. */
export function activationEtag(worldId: string, strategyId: string, side: string, version: number): string {
  return `act:${worldId}:${strategyId}:${side}:${version}`;
}

/** An entry as it stands now. */
export function entryEvent(frame: EventFrame, sequence: number, entry: ActivationEntry): OutboxEvent {
  const { worldId } = frame.record;
  return activationEvent(frame, sequence, {
    etag: activationEtag(worldId, entry.strategyId, entry.side, sequence),
    strategy_id: entry.strategyId,
    side: entry.side,
    active: entry.active,
    weight: entry.weight,
    freeze: entry.freeze,
    drain: entry.drain,
    ...(entry.effectiveMode === null
      ? {}
      : { effective_mode: entry.effectiveMode, execution_domain: executionDomainOfMode(entry.effectiveMode) }),
  });
}

/** The whole world has come to another phase or epoch: one event, that names no strategy, closes or opens them all. */
export function worldEvent(frame: EventFrame, sequence: number, step?: "freeze" | "unfreeze"): OutboxEvent {
  const { worldId, phase, killed } = frame.record;
  const open = phase === "ACTIVE" && killed === null;
  return activationEvent(frame, sequence, {
    etag: `act:${worldId}:${sequence}`,
    freeze: !open,
    ...(open ? {} : { active: false, weight: 0, drain: true }),
    ...(step === undefined ? {} : { phase: step, requires_ack: true }),
  });
}

type Differing = "etag" | "strategy_id" | "side" | "active" | "weight" | "freeze" | "drain" | "effective_mode";
type More = Pick<ActivationUpdated, Differing | "execution_domain" | "phase" | "requires_ack">;

function activationEvent(frame: EventFrame, sequence: number, more: More): OutboxEvent {
  const { record, stateHash, runId, nowMs, correlationId } = frame;
  const { worldId, epoch, phase, killed } = record;
  const data = activationUpdated({
    world_id: worldId,
    epoch,
    sequence,
    run_id: runId,
    state_hash: stateHash,
    world_phase: phase,
    killed: killed !== null,
    ...more,
    tsMs: nowMs,
  });
  const event = cloudEvent({
    // The pair names one body for ever (W-1), so it may name the event too.
    id: `activation:${worldId}:${sequence}`,
    source: eventSources.worldService,
    type: "activation_updated",
    timeMs: nowMs,
    data,
    correlationId: runId === "" ? correlationId : `activation:${worldId}:${runId}`,
  });
  return { topic: "control.activation", key: worldId, sequence, event };
}

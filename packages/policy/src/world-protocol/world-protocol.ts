import { QmtlError } from "@qmtl/core";
import {
  isFinished,
  type Kill,
  type RunRecord,
  type RunStage,
  type WorldPhase,
  type WorldRecord,
} from "./world-record.ts";
import { leaseTtlMs, worldRules, type GrantedLease, type LeaseRefusal, type LeaseRequest } from "./world-rules.ts";
import type { WorldRules } from "./world-rules.ts";

/**
 * The service's side of the order lease and of the two-phase apply (safety W-1 to W-5, OG-2, OG-3, OG-7), without I/O.
 *
 *     ACTIVE ─apply→ FREEZING ─all closed→ FROZEN ─switch→ SWITCHED ─unfreeze→ ACTIVE
 *                        └────── failed ──────┴──→ ROLLED_BACK ─operator, or the next apply→ ACTIVE / FREEZING
 *
 * Effects are carried out in order. A `persist` writes the record, the rows of its transition, the audit row and the
 * events in one transaction. Only when it has succeeded may the returned state be taken and the effects behind it be
 * carried out; when it has failed the state before stands. A process that starts reads the record and goes on from
 * whatever phase it finds: each phase says all that is needed.
 */
export interface WorldProtocolState {
  readonly record: WorldRecord;
  readonly leases: ReadonlyMap<string, GrantedLease>;
  readonly unknownLeasesEndMs: number;
}

export type WorldInput =
  | { readonly kind: "ask"; readonly request: LeaseRequest }
  | {
      readonly kind: "acknowledge";
      readonly holder: string;
      readonly incarnation: string;
      readonly closedEpoch: number;
    }
  | ApplyInput
  /**
   * Time has passed, or a step was written: go on with the apply as far as one transaction reaches. `entryEvents` of the
   * activation's entries change when it is a switch that comes next.
   */
  | { readonly kind: "advance"; readonly entryEvents?: number }
  /** The apply cannot be carried out; everything it was to change becomes what it was (W-4). */
  | { readonly kind: "fail"; readonly runId: string; readonly error: string; readonly entryEvents?: number }
  /** Opens a world that was rolled back. */
  | { readonly kind: "unfreeze"; readonly actor: string; readonly reason: string; readonly expectedEpoch: number }
  | { readonly kind: "kill"; readonly actor: string; readonly reason: string }
  | { readonly kind: "revive"; readonly actor: string; readonly reason: string }
  /** Activation entries change outside an apply; `events` of them. */
  | { readonly kind: "change"; readonly events: number }
  /** The world may do less than its leases say: a new epoch ends them. */
  | { readonly kind: "recall" };

export interface ApplyInput {
  readonly kind: "apply";
  readonly runId: string;
  readonly requestHash: string;
  /** The epoch the caller has read (W-7). */
  readonly expectedEpoch: number;
  /** What the store holds under this run id. */
  readonly earlier: RunRecord | null;
}

/** What a transaction does to the rest of the world's rows. */
export type WorldTransition =
  /** A run begins: its request, and a snapshot of what it may change, are written down. */
  | "freeze"
  | "frozen"
  /** Activation, decisions, mode and overrides become those of the run. */
  | "switch"
  /** Whatever the run has changed becomes what the snapshot says. */
  | "rollback"
  | "unfreeze"
  | "kill"
  | "revive"
  | "change"
  | "recall";

export type WorldEffect =
  | {
      readonly kind: "persist";
      readonly transition: WorldTransition;
      /** What the store must still hold, or the transaction is refused: another process has written. */
      readonly before: WorldRecord;
      readonly record: WorldRecord;
      /** Who asked and why, where somebody did. */
      readonly cause: Kill | null;
    }
  | { readonly kind: "lease"; readonly answer: LeaseAnswer }
  | { readonly kind: "run"; readonly run: RunRecord }
  /** `advance` once more then, at the latest. */
  | { readonly kind: "wake"; readonly atMs: number };

export interface LeaseAnswer {
  readonly granted: boolean;
  readonly refusal: LeaseRefusal | undefined;
  readonly epoch: number;
  readonly phase: WorldPhase;
  readonly sequence: number;
  readonly killed: boolean;
  readonly ttlMs: number;
}

export interface WorldStep {
  readonly state: WorldProtocolState;
  readonly effects: readonly WorldEffect[];
}

/**
 * The state of a process that has just read the record.
 *
 * @param startedAtMs - monotonic; a moment at which this process alone could already write to the store
 */
export function restoreWorld(record: WorldRecord, startedAtMs: number, rules = worldRules): WorldProtocolState {
  return { record, leases: new Map(), unknownLeasesEndMs: rules.unknownLeasesEndMs(startedAtMs) };
}

/**
 * A world that this process has just created: no lease of it can be out.
 */
export function createWorld(record: WorldRecord): WorldProtocolState {
  return { record, leases: new Map(), unknownLeasesEndMs: Number.NEGATIVE_INFINITY };
}

/**
 * One step.
 *
 * @param nowMs - the service's monotonic clock
 * @throws QmtlError `IDEMPOTENCY_CONFLICT`, `APPLY_IN_PROGRESS`, `PRECONDITION_FAILED`, `TRANSITION_INVALID`; the state
 *   then is as it was
 */
export function stepWorld(
  state: WorldProtocolState,
  input: WorldInput,
  nowMs: number,
  rules: WorldRules = worldRules,
): WorldStep {
  switch (input.kind) {
    case "ask":
      return onAsk(state, input.request, nowMs, rules);
    case "acknowledge":
      return { state: acknowledged(state, leaseKey(input), input.closedEpoch), effects: [] };
    case "apply":
      return onApply(state, input);
    case "advance":
      return onAdvance(state, input.entryEvents ?? 0, nowMs, rules);
    case "fail":
      return onFail(state, input);
    case "unfreeze":
      return onUnfreeze(state, input);
    case "kill":
      return onKill(state, input);
    case "revive":
      return onRevive(state, input);
    case "change":
      return onChange(state, input.events);
    case "recall":
      return persisted(state, "recall", { epoch: state.record.epoch + 1 }, null, 1);
  }
}

/** Whether an apply has begun and not ended. */
export function isApplying(record: WorldRecord): boolean {
  return record.run !== null && !isFinished(record.run);
}

// ---- leases

function onAsk(state: WorldProtocolState, request: LeaseRequest, nowMs: number, rules: WorldRules): WorldStep {
  const { record } = state;
  const key = leaseKey(request);
  const known = acknowledged(withoutEnded(state, nowMs), key, request.closedEpoch);
  const refusal =
    rules.refusalOf(record, request, known.leases.has(key) ? 0 : known.leases.size) ??
    (isHeldByAnother(known, request) ? "other_incarnation" : undefined);
  const answer: LeaseAnswer = {
    granted: refusal === undefined,
    refusal,
    epoch: record.epoch,
    phase: record.phase,
    sequence: record.sequence,
    killed: record.killed !== null,
    ttlMs: leaseTtlMs,
  };
  if (refusal !== undefined) return { state: known, effects: [{ kind: "lease", answer }] };
  const { holder, incarnation, strategyId } = request;
  const endsAtMs = rules.leaseEndMs(nowMs);
  // Leases are granted in phase ACTIVE alone and every freeze raises the epoch: what was acknowledged before cannot pass
  // for an acknowledgement of the next freeze.
  const leases = new Map(known.leases).set(key, { holder, incarnation, strategyId, endsAtMs, closedEpoch: 0 });
  return { state: { ...known, leases }, effects: [{ kind: "lease", answer }] };
}

/**
 * Whether another process of the same holder may still send orders: each has a ledger of its own, and together they would
 * pass limits that each of them keeps (OG-8). One that says its gate is closed for this epoch has given its lease back.
 */
function isHeldByAnother({ leases, record }: WorldProtocolState, { holder, incarnation }: LeaseRequest): boolean {
  for (const lease of leases.values()) {
    if (lease.holder === holder && lease.incarnation !== incarnation && lease.closedEpoch < record.epoch) return true;
  }
  return false;
}

function acknowledged(state: WorldProtocolState, key: string, closedEpoch: number): WorldProtocolState {
  const lease = state.leases.get(key);
  // Nobody can have closed for an epoch that has not begun.
  if (lease === undefined || !(closedEpoch > lease.closedEpoch && closedEpoch <= state.record.epoch)) return state;
  return { ...state, leases: new Map(state.leases).set(key, { ...lease, closedEpoch }) };
}

function withoutEnded(state: WorldProtocolState, nowMs: number): WorldProtocolState {
  let ended = false;
  for (const lease of state.leases.values()) ended ||= nowMs >= lease.endsAtMs;
  if (!ended) return state;
  return { ...state, leases: new Map([...state.leases].filter(([, lease]) => nowMs < lease.endsAtMs)) };
}

function leaseKey(holder: { readonly holder: string; readonly incarnation: string }): string {
  return JSON.stringify([holder.holder, holder.incarnation]);
}

// ---- apply

function onApply(state: WorldProtocolState, input: ApplyInput): WorldStep {
  const { record } = state;
  const earlier = record.run?.runId === input.runId ? record.run : input.earlier;
  if (earlier !== null) {
    if (earlier.requestHash !== input.requestHash) {
      throw new QmtlError("IDEMPOTENCY_CONFLICT", `run "${input.runId}" was asked for before with another body`, {
        details: { world_id: record.worldId, run_id: input.runId },
        hint: "take a new run id for a new request",
      });
    }
    return { state, effects: [{ kind: "run", run: earlier }] };
  }
  refuseWhileApplying(record);
  requireEpoch(record, input.expectedEpoch);
  const run: RunRecord = { runId: input.runId, requestHash: input.requestHash, stage: "freezing", error: null };
  return persisted(state, "freeze", { phase: "FREEZING", epoch: record.epoch + 1, run }, null, 1);
}

function onAdvance(state: WorldProtocolState, entryEvents: number, nowMs: number, rules: WorldRules): WorldStep {
  const { record, leases, unknownLeasesEndMs } = state;
  if (record.run === null || isFinished(record.run)) return { state, effects: [] };
  switch (record.phase) {
    case "FREEZING": {
      if (rules.mayReportFrozen(leases.values(), record.epoch, unknownLeasesEndMs, nowMs)) {
        return persisted(state, "frozen", { phase: "FROZEN", run: atStage(record.run, "frozen") }, null, 0);
      }
      const ends = [...leases.values()].map((lease) => lease.endsAtMs);
      return { state, effects: [{ kind: "wake", atMs: Math.max(unknownLeasesEndMs, ...ends) }] };
    }
    case "FROZEN":
      return persisted(
        state,
        "switch",
        { phase: "SWITCHED", run: atStage(record.run, "switched") },
        null,
        1 + entryEvents,
      );
    case "SWITCHED":
      return persisted(
        state,
        "unfreeze",
        { phase: "ACTIVE", epoch: record.epoch + 1, run: atStage(record.run, "completed") },
        null,
        1,
      );
    default:
      throw new Error(`internal: an apply in flight cannot be in phase ${record.phase}`);
  }
}

// While freezing there is nothing to put back yet, and "rolled back" would claim a freeze that is not complete (OG-2).
// A run that was switched may still fail on its way to the unfreeze; what it changed is put back then.
function onFail(
  state: WorldProtocolState,
  { runId, error, entryEvents = 0 }: Extract<WorldInput, { kind: "fail" }>,
): WorldStep {
  const { run, phase } = state.record;
  if (run?.runId !== runId || (phase !== "FROZEN" && phase !== "SWITCHED")) return { state, effects: [] };
  const failed: RunRecord = { ...run, stage: "rolled_back", error };
  return persisted(state, "rollback", { phase: "ROLLED_BACK", run: failed }, null, 1 + entryEvents);
}

function onUnfreeze(
  state: WorldProtocolState,
  { actor, reason, expectedEpoch }: { actor: string; reason: string; expectedEpoch: number },
): WorldStep {
  const { record } = state;
  refuseWhileApplying(record);
  requireEpoch(record, expectedEpoch);
  requireReason(actor, reason);
  if (record.phase !== "ROLLED_BACK") {
    throw new QmtlError("TRANSITION_INVALID", `only a world that was rolled back is unfrozen; found ${record.phase}`);
  }
  return persisted(state, "unfreeze", { phase: "ACTIVE", epoch: record.epoch + 1 }, { actor, reason }, 1);
}

// ---- kill, and changes outside an apply

function onKill(state: WorldProtocolState, { actor, reason }: Kill): WorldStep {
  if (state.record.killed !== null) return { state, effects: [] };
  // The epoch ends every lease that is out, on any view that learns of it.
  const changes = { epoch: state.record.epoch + 1, killed: { actor, reason } };
  return persisted(state, "kill", changes, { actor, reason }, 1);
}

function onRevive(state: WorldProtocolState, { actor, reason }: Kill): WorldStep {
  requireReason(actor, reason);
  if (state.record.killed === null) {
    throw new QmtlError("TRANSITION_INVALID", `world "${state.record.worldId}" was not killed`);
  }
  const changes = { epoch: state.record.epoch + 1, killed: null };
  return persisted(state, "revive", changes, { actor, reason }, 1);
}

function onChange(state: WorldProtocolState, events: number): WorldStep {
  refuseWhileApplying(state.record);
  return persisted(state, "change", {}, null, events);
}

// ----

function persisted(
  state: WorldProtocolState,
  transition: WorldTransition,
  changes: Partial<WorldRecord>,
  cause: Kill | null,
  events: number,
): WorldStep {
  const before = state.record;
  const record: WorldRecord = { ...before, ...changes, sequence: before.sequence + events };
  const effects: WorldEffect[] = [{ kind: "persist", transition, before, record, cause }];
  if (record.run !== null && record.run.stage !== before.run?.stage) {
    effects.push({ kind: "run", run: record.run });
  }
  return { state: { ...state, record }, effects };
}

function atStage(run: RunRecord, stage: RunStage): RunRecord {
  return { ...run, stage };
}

function refuseWhileApplying(record: WorldRecord): void {
  if (!isApplying(record)) return;
  throw new QmtlError("APPLY_IN_PROGRESS", `run "${record.run!.runId}" of world "${record.worldId}" has not ended`, {
    details: { world_id: record.worldId, run_id: record.run!.runId, stage: record.run!.stage },
    hint: "wait for it to end and try again",
  });
}

function requireEpoch(record: WorldRecord, expectedEpoch: number): void {
  if (expectedEpoch === record.epoch) return;
  throw new QmtlError(
    "PRECONDITION_FAILED",
    `world "${record.worldId}" is at epoch ${record.epoch}; the request is based on ${expectedEpoch}`,
    {
      details: { world_id: record.worldId, epoch: record.epoch, expected: expectedEpoch },
      hint: "read the world again",
    },
  );
}

function requireReason(actor: string, reason: string): void {
  if (actor.trim() !== "" && reason.trim() !== "") return;
  throw new QmtlError("REQUEST_INVALID", "opening a world needs an actor and a reason; found none");
}

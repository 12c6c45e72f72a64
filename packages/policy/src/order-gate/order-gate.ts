import {
  activationKey,
  activationStateHash,
  activationTable,
  effectiveModeOf,
  type ActivationTable,
} from "../activation/index.ts";
import { leaseTtlMs, worldPhases, type WorldPhase } from "../world-protocol/index.ts";
import type { ExposureBook } from "./exposure.ts";
import { gateRules, leaseAskEveryMs, type GateRules } from "./gate-rules.ts";
import type {
  ActivationEvent,
  HeldLease,
  LeaseReply,
  OrderGateState,
  StreamState,
  WorldSnapshot,
  WorldView,
} from "./gate-state.ts";
import { closedBecause, type RefusalReason } from "./may-leave.ts";

export type GateInput =
  /** Time has passed. */
  | { readonly kind: "tick" }
  /** The activation stream is gone, or may have lost something: start, reconnect, rebalance, token loss (OG-4). */
  | { readonly kind: "disconnected" }
  /** A snapshot that was read after the stream was connected. */
  | { readonly kind: "snapshot"; readonly snapshot: WorldSnapshot }
  | { readonly kind: "event"; readonly event: ActivationEvent }
  | { readonly kind: "reply"; readonly askId: number; readonly reply: LeaseReply }
  /** The holder's own kill switch; needs nobody (OG-7). */
  | { readonly kind: "kill"; readonly reason: string }
  | { readonly kind: "revive"; readonly actor: string; readonly reason: string }
  | { readonly kind: "book"; readonly book: ExposureBook };

export type GateEffect =
  | { readonly kind: "ask"; readonly askId: number; readonly seenEpoch: number; readonly closedEpoch: number }
  /** Tell the world that this gate is closed for an epoch. Comes after the gate has closed. */
  | { readonly kind: "acknowledge"; readonly closedEpoch: number }
  /** Read a snapshot, then go on with the events behind it. */
  | { readonly kind: "resync" }
  | { readonly kind: "opened" }
  | { readonly kind: "closed"; readonly reason: RefusalReason };

export interface GateStep {
  readonly state: OrderGateState;
  readonly effects: readonly GateEffect[];
}

/**
 * One step of the holder's side. Timeouts and retries only ever close (OG-5); whether an order may leave is asked of
 * `mayLeave`, with the state this returns.
 *
 * @param nowMs - the holder's monotonic clock, when the input came in
 */
export function stepOrderGate(
  before: OrderGateState,
  input: GateInput,
  nowMs: number,
  rules: GateRules = gateRules,
): GateStep {
  const effects: GateEffect[] = [];
  let state = taken(before, input, nowMs, rules);

  const reason = closedBecause(state, nowMs, rules);
  if ((reason === undefined) !== state.saidOpen) {
    effects.push(reason === undefined ? { kind: "opened" } : { kind: "closed", reason });
    state = { ...state, saidOpen: reason === undefined };
  }
  // Having seen the epoch this gate holds no lease of an older one, and an epoch that is not open has none to give.
  if (!state.seen.open && state.seen.epoch > state.closedEpoch) {
    state = { ...state, closedEpoch: state.seen.epoch };
    effects.push({ kind: "acknowledge", closedEpoch: state.closedEpoch });
  }
  state = { ...state, behindSinceMs: isBehind(state) ? (state.behindSinceMs ?? nowMs) : undefined };
  if (needsSnapshot(state, nowMs) && isDue(state.resyncAtMs, nowMs, resyncEveryMs)) {
    state = { ...state, resyncAtMs: nowMs };
    effects.push({ kind: "resync" });
  }
  if (isDue(state.askedAtMs, nowMs, leaseAskEveryMs)) {
    const askId = state.askCount + 1;
    const asks = [...state.asks, { askId, askedAtMs: nowMs }].slice(-asksKept);
    state = { ...state, asks, askCount: askId, askedAtMs: nowMs };
    effects.push({ kind: "ask", askId, seenEpoch: state.seen.epoch, closedEpoch: state.closedEpoch });
  }
  return { state, effects };
}

/** When the next `tick` is worth while, on the monotonic clock. */
export function nextTickMs(state: OrderGateState, nowMs: number): number {
  const askAtMs = (state.askedAtMs ?? nowMs - leaseAskEveryMs) + leaseAskEveryMs;
  return Math.max(nowMs, Math.min(askAtMs, state.lease?.endsAtMs ?? askAtMs));
}

const resyncEveryMs = 1_000;

// Answers are often faster than the events they speak of.
const behindForMs = 400;

// Answers to older requests are late beyond use: the lease they would give has ended.
const asksKept = 8;

function taken(state: OrderGateState, input: GateInput, nowMs: number, rules: GateRules): OrderGateState {
  switch (input.kind) {
    case "tick":
      return state;
    case "disconnected":
      return { ...state, stream: { kind: "down" }, lease: undefined };
    case "snapshot":
      return onSnapshot(state, input.snapshot, rules);
    case "event":
      return onEvent(state, input.event, rules);
    case "reply":
      return onReply(state, input.askId, input.reply, nowMs, rules);
    case "kill":
      return { ...state, killed: { reason: input.reason } };
    case "revive":
      return input.actor.trim() === "" || input.reason.trim() === "" ? state : { ...state, killed: undefined };
    case "book":
      return { ...state, book: input.book };
  }
}

function onSnapshot(state: OrderGateState, snapshot: WorldSnapshot, rules: GateRules): OrderGateState {
  const phase = phaseOf(snapshot.phase);
  const { epoch, sequence, killed, stateHash, drainReduceOnly } = snapshot;
  if (phase === undefined || !isCount(epoch) || !isCount(sequence)) return outOfSync(state);
  const seen = withEpoch(state, epoch, isOpen(phase, killed));
  // An old snapshot, from a cache or on its way for long, says nothing: ask for another.
  if (!rules.isNewer(state.view, epoch, sequence)) return outOfSync(seen);
  const entries = activationTable(snapshot.entries);
  const view = { phase, epoch, sequence, killed, entries, stateHash, ownHash: hashOf(entries), drainReduceOnly };
  return {
    ...seen,
    view,
    stream: { kind: "snapshot", highWater: sequence },
    // A lease counts for this view only if it was asked for after it (OG-4).
    lease: undefined,
    asks: [],
    askedAtMs: undefined,
    resyncAtMs: undefined,
  };
}

function onEvent(state: OrderGateState, event: ActivationEvent, rules: GateRules): OrderGateState {
  if (!rules.knowsVersion(event.version)) return outOfSync(state);
  const phase = phaseOf(event.phase);
  const { epoch, sequence } = event;
  if (!isCount(epoch) || !isCount(sequence)) return outOfSync(state);
  // Whatever else it says: an epoch that has begun ends every lease of the ones before.
  const seen = withEpoch(state, epoch, isOpen(phase, event.killed));
  if (phase === undefined) return outOfSync(seen);
  const { view } = state;
  if (view === undefined || state.stream.kind === "down") return seen;
  if (sequence <= view.sequence) return seen;
  if (sequence > view.sequence + 1 || !rules.isNewer(view, epoch, sequence)) return outOfSync(seen);
  const entries = withEntry(view.entries, event.entry);
  const ownHash = event.entry === undefined ? view.ownHash : hashOf(entries);
  const next: WorldView = {
    ...view,
    phase,
    epoch,
    sequence,
    killed: event.killed,
    entries,
    ownHash,
    stateHash: event.stateHash,
  };
  return { ...seen, view: next };
}

function onReply(
  state: OrderGateState,
  askId: number,
  reply: LeaseReply,
  nowMs: number,
  rules: GateRules,
): OrderGateState {
  if (!isCount(reply.epoch) || !isCount(reply.highWater)) return state;
  const phase = phaseOf(reply.phase);
  const seen = withEpoch(state, reply.epoch, isOpen(phase, reply.reason === "killed"));
  const ask = state.asks.find((known) => known.askId === askId);
  if (ask === undefined) {
    // It gives no lease any more, but news that is missing is missing, whoever says so.
    return { ...seen, stream: withHighWater(seen.stream, reply.highWater) };
  }
  const asks = seen.asks.filter((known) => known.askId > askId);
  const answered: OrderGateState = { ...seen, asks, stream: caughtUp(seen.stream, reply.highWater) };
  if (reply.granted !== true || phase !== "ACTIVE") return { ...answered, lease: undefined };
  // Answers overtake each other: an older epoch never replaces a newer one.
  if (reply.epoch < answered.seen.epoch) return answered;
  const startMs = rules.leaseStartMs(ask.askedAtMs, nowMs);
  const lease: HeldLease = {
    epoch: reply.epoch,
    endsAtMs: startMs + Math.min(reply.ttlMs, leaseTtlMs),
    mode: effectiveModeOf(reply.effectiveMode),
    freshUntilMs: startMs + reply.decisionExpiresInMs,
  };
  return { ...answered, lease };
}

// ----

function withEpoch(state: OrderGateState, epoch: number, open: boolean): OrderGateState {
  const { seen, lease } = state;
  if (epoch < seen.epoch || (epoch === seen.epoch && seen.open === open)) return state;
  return { ...state, seen: { epoch, open }, lease: lease?.epoch === epoch && open ? lease : undefined };
}

function outOfSync(state: OrderGateState): OrderGateState {
  return { ...state, stream: { kind: "down" }, lease: undefined };
}

function isOpen(phase: WorldPhase | undefined, killed: boolean): boolean {
  return phase === "ACTIVE" && killed === false;
}

function caughtUp(stream: StreamState, highWater: number): StreamState {
  if (stream.kind === "down") return stream;
  return { kind: "caught-up", highWater: Math.max(stream.highWater, highWater) };
}

function withHighWater(stream: StreamState, highWater: number): StreamState {
  return stream.kind === "down" ? stream : { ...stream, highWater: Math.max(stream.highWater, highWater) };
}

// Events of one change come one after the other, and all of them name the hash after the last.
function isBehind({ stream, view }: OrderGateState): boolean {
  if (view === undefined) return false;
  return (stream.kind === "caught-up" && view.sequence < stream.highWater) || view.ownHash !== view.stateHash;
}

function needsSnapshot(state: OrderGateState, nowMs: number): boolean {
  const { stream, view, behindSinceMs } = state;
  if (stream.kind === "down" || view === undefined) return true;
  return behindSinceMs !== undefined && nowMs - behindSinceMs >= behindForMs;
}

function isDue(lastMs: number | undefined, nowMs: number, everyMs: number): boolean {
  return lastMs === undefined || nowMs - lastMs >= everyMs;
}

function phaseOf(word: string): WorldPhase | undefined {
  return worldPhases.find((phase) => phase === word);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function withEntry(entries: ActivationTable, entry: ActivationEvent["entry"]): ActivationTable {
  return entry === undefined ? entries : new Map(entries).set(activationKey(entry.strategyId, entry.side), entry);
}

// An entry without a finite weight has no hash, and agrees with nothing.
function hashOf(entries: ActivationTable): string {
  for (const { weight } of entries.values()) if (!Number.isFinite(weight)) return "";
  return activationStateHash(entries);
}

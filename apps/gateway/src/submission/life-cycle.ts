/** Where a submission stands: queued → processing → completed | failed | dead-lettered, never back (S-2). */
export type Status = "queued" | "processing" | "completed" | "failed" | "dead-lettered";

/**
 * A submission's life. Work is claimed with a lease, not taken out of a queue: who dies holding a claim loses it, and
 * the item is there for the next one (S-3).
 */
export interface LifeCycle {
  readonly status: Status;
  /** Raised by every step, so that a write based on an old state is noticed. */
  readonly revision: number;
  /** Diffs that were answered with a fault, and claims nobody came back from. */
  readonly attempts: number;
  /** Tries that found the DAG Manager unreachable: no fault of the submission's. */
  readonly waits: number;
  readonly reason: string | null;
  readonly acceptedMs: number;
  /** Not claimed before. */
  readonly notBeforeMs: number;
  readonly claim: Claim | null;
  /** Token of the last claim; the next one is higher. */
  readonly lastToken: number;
}

export interface Claim {
  readonly token: number;
  readonly holder: string;
  readonly untilMs: number;
}

export type LifeCycleInput =
  | { readonly kind: "claim"; readonly holder: string; readonly ttlMs: number }
  | { readonly kind: "renew"; readonly token: number; readonly ttlMs: number }
  /** Whoever has claimed it is known to be dead. */
  | { readonly kind: "orphaned" }
  /** The DAG Manager has taken the diff up. */
  | { readonly kind: "started"; readonly token: number }
  | { readonly kind: "completed"; readonly token: number }
  /** The DAG Manager says that the submission itself is wrong. */
  | { readonly kind: "rejected"; readonly token: number; readonly reason: string }
  /** The DAG Manager answered with a fault that may pass. */
  | { readonly kind: "faulted"; readonly token: number; readonly reason: string }
  | { readonly kind: "unavailable"; readonly token: number; readonly reason: string };

export type LifeCycleEvent = "INIT" | "PROCESS" | "RETRY" | "COMPLETE" | "FAIL" | "DEAD_LETTER";

export interface LifeCycleStep {
  readonly state: LifeCycle;
  /** Whether the input was taken. A refused input leaves the state as it is. */
  readonly taken: boolean;
  /** What goes into the history, at most one entry. */
  readonly event: LifeCycleEvent | null;
}

export interface RetryLimits {
  readonly attemptsMax: number;
  readonly backoffMs: number; // after the first fault; doubles
  readonly backoffMsMax: number;
  /** A submission that could not be diffed for so long is dead-lettered. */
  readonly waitMsMax: number;
}

export const retryLimits: RetryLimits = {
  attemptsMax: 8,
  backoffMs: 200,
  backoffMsMax: 30_000,
  waitMsMax: 24 * 3_600_000,
};

export function acceptedSubmission(nowMs: number): LifeCycle {
  return {
    status: "queued",
    revision: 1,
    attempts: 0,
    waits: 0,
    reason: null,
    acceptedMs: nowMs,
    notBeforeMs: nowMs,
    claim: null,
    lastToken: 0,
  };
}

export function isFinal(status: Status): boolean {
  return status === "completed" || status === "failed" || status === "dead-lettered";
}

/**
 * One step of the life cycle. Inputs that carry a token count only while that claim stands: the answer of a worker
 * that was too slow is refused, whatever it says.
 *
 * @param spread - in `[0, 1)`: where in the upper half of the backoff the next try lies, so that many submissions that
 *   failed together do not return together
 */
export function stepLifeCycle(
  state: LifeCycle,
  input: LifeCycleInput,
  nowMs: number,
  limits: RetryLimits = retryLimits,
  spread = 0,
): LifeCycleStep {
  if (isFinal(state.status)) return refused(state);
  if (input.kind === "claim") return claimed(state, input.holder, input.ttlMs, nowMs, limits);
  const { claim } = state;
  if (input.kind === "orphaned") {
    if (claim === null || claim.untilMs <= nowMs) return refused(state);
    return taken(state, { claim: { ...claim, untilMs: nowMs } }, null);
  }
  if (claim === null || claim.token !== input.token || claim.untilMs <= nowMs) return refused(state);
  switch (input.kind) {
    case "renew":
      return taken(state, { claim: { ...claim, untilMs: nowMs + input.ttlMs } }, null);
    case "started":
      if (state.status === "processing") return { state, taken: true, event: null };
      return taken(state, { status: "processing" }, "PROCESS");
    case "completed":
      return taken(state, { status: "completed", claim: null, reason: null }, "COMPLETE");
    case "rejected":
      return taken(state, { status: "failed", claim: null, reason: input.reason }, "FAIL");
    case "faulted":
      return faulted(state, input.reason, nowMs, limits, spread);
    case "unavailable":
      return unavailable(state, input.reason, nowMs, limits, spread);
  }
}

function claimed(state: LifeCycle, holder: string, ttlMs: number, nowMs: number, limits: RetryLimits): LifeCycleStep {
  if (state.notBeforeMs > nowMs) return refused(state);
  if (state.claim !== null && state.claim.untilMs > nowMs) return refused(state);
  // A claim that ran out means its holder died or hung with this item in hand. An item that does so every time must
  // not take workers down for ever.
  const attempts = state.attempts + (state.claim === null ? 0 : 1);
  if (attempts >= limits.attemptsMax) {
    const reason = `${attempts} attempts failed; the last worker did not come back`;
    return taken(state, { status: "dead-lettered", attempts, claim: null, reason }, "DEAD_LETTER");
  }
  const token = state.lastToken + 1;
  return taken(state, { attempts, lastToken: token, claim: { token, holder, untilMs: nowMs + ttlMs } }, null);
}

function faulted(state: LifeCycle, cause: string, nowMs: number, limits: RetryLimits, spread: number): LifeCycleStep {
  const attempts = state.attempts + 1;
  if (attempts >= limits.attemptsMax) {
    const reason = `${attempts} attempts failed; the last: ${cause}`;
    return taken(state, { status: "dead-lettered", attempts, claim: null, reason }, "DEAD_LETTER");
  }
  const notBeforeMs = nowMs + backoff(attempts, limits, spread);
  return taken(state, { attempts, claim: null, reason: cause, notBeforeMs }, "RETRY");
}

function unavailable(
  state: LifeCycle,
  reason: string,
  nowMs: number,
  limits: RetryLimits,
  spread: number,
): LifeCycleStep {
  const waits = state.waits + 1;
  if (nowMs - state.acceptedMs >= limits.waitMsMax) {
    const last = `waited ${nowMs - state.acceptedMs} ms for the DAG Manager; the last: ${reason}`;
    return taken(state, { status: "dead-lettered", waits, claim: null, reason: last }, "DEAD_LETTER");
  }
  const notBeforeMs = nowMs + backoff(waits, limits, spread);
  // Only the first of a run of vain tries is news.
  const event = state.reason === reason ? null : "RETRY";
  return taken(state, { waits, claim: null, reason, notBeforeMs }, event);
}

function backoff(failures: number, limits: RetryLimits, spread: number): number {
  const full = Math.min(limits.backoffMsMax, limits.backoffMs * 2 ** Math.min(30, failures - 1));
  return Math.ceil(full * (0.5 + spread / 2));
}

function taken(state: LifeCycle, change: Partial<LifeCycle>, event: LifeCycleEvent | null): LifeCycleStep {
  return { state: { ...state, ...change, revision: state.revision + 1 }, taken: true, event };
}

function refused(state: LifeCycle): LifeCycleStep {
  return { state, taken: false, event: null };
}

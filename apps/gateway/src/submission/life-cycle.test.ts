import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  acceptedSubmission,
  isFinal,
  retryLimits,
  stepLifeCycle,
  type LifeCycle,
  type LifeCycleInput,
} from "./life-cycle.ts";

const claim: LifeCycleInput = { kind: "claim", holder: "a", ttlMs: 1_000 };

function play(inputs: readonly (readonly [atMs: number, input: LifeCycleInput])[], spread = 0) {
  let state = acceptedSubmission(0);
  const trace = inputs.map(([atMs, input]) => {
    const step = stepLifeCycle(state, input, atMs, retryLimits, spread);
    state = step.state;
    return `${step.taken ? (step.event ?? "taken") : "refused"}:${state.status}`;
  });
  return { state, trace };
}

describe("the life of a submission", () => {
  it("is claimed, started and completed", () => {
    const { trace } = play([
      [0, claim],
      [5, { kind: "started", token: 1 }],
      [6, { kind: "renew", token: 1, ttlMs: 1_000 }],
      [9, { kind: "completed", token: 1 }],
    ]);
    expect(trace).toEqual(["taken:queued", "PROCESS:processing", "taken:processing", "COMPLETE:completed"]);
  });

  it("stays queued while the DAG Manager is down, and says so once", () => {
    const away = (token: number): LifeCycleInput => ({ kind: "unavailable", token, reason: "refused" });
    const { state, trace } = play([
      [0, claim],
      [0, away(1)],
      [50, claim],
      [100, claim],
      [100, away(2)],
      [300, claim],
    ]);
    expect(trace).toEqual([
      "taken:queued",
      "RETRY:queued",
      "refused:queued",
      "taken:queued",
      "taken:queued",
      "taken:queued",
    ]);
    expect(state).toMatchObject({ attempts: 0, waits: 2, reason: "refused" });
  });

  it("gives a claim that ran out to the next worker, and refuses the first one's late answer (S-3, X-2)", () => {
    const { state, trace } = play([
      [0, claim],
      [999, claim],
      [1_000, { kind: "claim", holder: "b", ttlMs: 1_000 }],
      [1_001, { kind: "completed", token: 1 }],
      [1_002, { kind: "completed", token: 2 }],
    ]);
    expect(trace).toEqual(["taken:queued", "refused:queued", "taken:queued", "refused:queued", "COMPLETE:completed"]);
    expect(state).toMatchObject({ attempts: 1, lastToken: 2 });
  });

  it("refuses an answer after the claim's end even when nobody else has claimed", () => {
    expect(
      play([
        [0, claim],
        [1_000, { kind: "completed", token: 1 }],
      ]).trace[1],
    ).toBe("refused:queued");
  });

  it("fails at once on what the DAG Manager refuses", () => {
    const { state } = play([
      [0, claim],
      [1, { kind: "rejected", token: 1, reason: "cycle" }],
    ]);
    expect(state).toMatchObject({ status: "failed", reason: "cycle", claim: null });
  });

  it("doubles its backoff and ends in a dead letter with the reason (S-2)", () => {
    let state = acceptedSubmission(0);
    const waits: number[] = [];
    let nowMs = 0;
    while (!isFinal(state.status)) {
      nowMs = state.notBeforeMs;
      state = stepLifeCycle(state, claim, nowMs).state;
      state = stepLifeCycle(state, { kind: "faulted", token: state.lastToken, reason: "boom" }, nowMs).state;
      if (!isFinal(state.status)) waits.push(state.notBeforeMs - nowMs);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400]);
    expect(state).toMatchObject({ status: "dead-lettered", attempts: 8, reason: "8 attempts failed; the last: boom" });
  });

  it("dead-letters an item that takes down every worker, and one the DAG Manager never came back for", () => {
    let state = acceptedSubmission(0);
    for (let atMs = 0; !isFinal(state.status); atMs += 1_000) state = stepLifeCycle(state, claim, atMs).state;
    expect(state.reason).toContain("did not come back");

    const late = retryLimits.waitMsMax;
    const { state: waited } = play([
      [late, claim],
      [late, { kind: "unavailable", token: 1, reason: "down" }],
    ]);
    expect(waited).toMatchObject({ status: "dead-lettered", reason: expect.stringContaining("down") as string });
  });

  it("goes to the next worker at once when whoever had claimed it is dead, and counts the attempt", () => {
    const { state, trace } = play([
      [0, { kind: "orphaned" }],
      [0, claim],
      [10, { kind: "orphaned" }],
      [10, { kind: "completed", token: 1 }],
      [10, { kind: "claim", holder: "b", ttlMs: 1_000 }],
    ]);
    expect(trace).toEqual(["refused:queued", "taken:queued", "taken:queued", "refused:queued", "taken:queued"]);
    expect(state).toMatchObject({ attempts: 1, claim: { holder: "b", token: 2 } });
  });

  it("spreads tries over the upper half of the backoff", () => {
    const next = (spread: number) =>
      play(
        [
          [0, claim],
          [0, { kind: "faulted", token: 1, reason: "x" }],
        ],
        spread,
      ).state.notBeforeMs;
    expect([next(0), next(0.5), next(0.999)]).toEqual([100, 150, 200]);
  });
});

describe("whatever happens, in whatever order", () => {
  const token = fc.integer({ min: 1, max: 4 });
  const inputs = fc.oneof(
    fc.constant(claim),
    fc.constant({ kind: "orphaned" } as const),
    fc.record({ kind: fc.constant("renew" as const), token, ttlMs: fc.constant(500) }),
    fc.record({ kind: fc.constantFrom("started" as const, "completed" as const), token }),
    fc.record({
      kind: fc.constantFrom("rejected" as const, "faulted" as const, "unavailable" as const),
      token,
      reason: fc.constant("r"),
    }),
  );
  const rank = { queued: 0, processing: 1, completed: 2, failed: 2, "dead-lettered": 2 };

  it("the status never goes back, a final one never changes, tokens only rise, one claim stands at a time (S-2, S-3)", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 700 }), inputs), { maxLength: 60 }), (steps) => {
        let state: LifeCycle = acceptedSubmission(0);
        let nowMs = 0;
        for (const [delay, input] of steps) {
          nowMs += delay;
          const { state: next, taken, event } = stepLifeCycle(state, input, nowMs);
          if (!taken) expect(next).toBe(state);
          expect(rank[next.status]).toBeGreaterThanOrEqual(rank[state.status]);
          if (isFinal(state.status)) expect(next).toBe(state);
          if (next !== state) expect(next.revision).toBe(state.revision + 1);
          expect(next.lastToken).toBeGreaterThanOrEqual(state.lastToken);
          if (input.kind === "claim" && taken && next.claim !== null) {
            expect(state.claim === null || state.claim.untilMs <= nowMs).toBe(true);
            expect(next.claim.token).toBeGreaterThan(state.lastToken);
          }
          if (next.status !== state.status) expect(event).not.toBeNull();
          if (isFinal(next.status)) expect(next.claim).toBeNull();
          state = next;
        }
      }),
      { numRuns: 300 },
    );
  });
});

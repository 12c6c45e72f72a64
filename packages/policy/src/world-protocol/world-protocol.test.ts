import { QmtlError, type ErrorCode } from "@qmtl/core";
import { describe, expect, it } from "vitest";
import {
  createWorld,
  newWorldRecord,
  restoreWorld,
  stepWorld,
  type LeaseAnswer,
  type LeaseRequest,
  type WorldEffect,
  type WorldInput,
  type WorldProtocolState,
} from "./index.ts";

const request: LeaseRequest = { holder: "h", incarnation: "1", strategyId: "s", seenEpoch: 0, closedEpoch: 0 };

/** A world whose transactions always succeed; the last record written is what a restart finds. */
class Service {
  state: WorldProtocolState = createWorld(newWorldRecord("w"));
  nowMs = 0;

  take(input: WorldInput, atMs = this.nowMs): readonly WorldEffect[] {
    this.nowMs = atMs;
    const { state, effects } = stepWorld(this.state, input, atMs);
    this.state = state;
    return effects;
  }

  ask(changes: Partial<LeaseRequest> = {}, nowMs?: number): LeaseAnswer {
    const asked = { kind: "ask", request: { ...request, ...changes } } as const;
    const effect = this.take(asked, nowMs).find(({ kind }) => kind === "lease");
    if (effect?.kind !== "lease") throw new Error("no answer");
    return effect.answer;
  }

  apply(runId = "r", requestHash = "body", expectedEpoch = this.state.record.epoch): readonly WorldEffect[] {
    return this.take({ kind: "apply", runId, requestHash, expectedEpoch, earlier: null });
  }

  /** Goes on until nothing is left to write; the transitions. */
  advance(atMs = this.nowMs): string[] {
    const transitions: string[] = [];
    for (;;) {
      const persist = this.take({ kind: "advance" }, atMs).find(({ kind }) => kind === "persist");
      if (persist?.kind !== "persist") return transitions;
      transitions.push(persist.transition);
    }
  }

  restart(): void {
    this.state = restoreWorld(this.state.record, this.nowMs);
  }

  refusal(run: () => unknown): ErrorCode | undefined {
    try {
      run();
    } catch (error) {
      if (error instanceof QmtlError) return error.code;
      throw error;
    }
    return undefined;
  }
}

describe("a holder with two processes", () => {
  it("has one lease: the other waits until it has run out (OG-8)", () => {
    const world = new Service();
    expect(world.ask().granted).toBe(true);
    expect(world.ask({ incarnation: "2" })).toMatchObject({ granted: false, refusal: "other_incarnation" });
    expect(world.ask({ holder: "i", incarnation: "2" }).granted).toBe(true);
    expect(world.ask({ incarnation: "2" }, 3_059).granted).toBe(false);
    expect(world.ask({ incarnation: "2" }, 3_060).granted).toBe(true);
    expect(world.ask({}, 3_061)).toMatchObject({ granted: false, refusal: "other_incarnation" });
  });

  it("hands the lease on when one says that its gate is closed for this epoch", () => {
    const world = new Service();
    world.ask();
    world.take({ kind: "acknowledge", holder: "h", incarnation: "1", closedEpoch: 1 });
    expect(world.ask({ incarnation: "2" }).granted).toBe(true);
    // It is no word about the next freeze: whoever asked meanwhile is still waited for.
    world.apply();
    world.take({ kind: "acknowledge", holder: "h", incarnation: "1", closedEpoch: 2 });
    expect(world.advance()).toEqual([]);
    world.take({ kind: "acknowledge", holder: "h", incarnation: "2", closedEpoch: 2 });
    expect(world.advance()).toEqual(["frozen", "switch", "unfreeze"]);
  });
});

describe("an apply", () => {
  it("goes from freeze to unfreeze in four transactions", () => {
    const world = new Service();
    expect(world.apply()).toMatchObject([
      { kind: "persist", transition: "freeze", record: { phase: "FREEZING", epoch: 2, sequence: 1 } },
      { kind: "run", run: { stage: "freezing" } },
    ]);
    expect(world.advance()).toEqual(["frozen", "switch", "unfreeze"]);
    expect(world.state.record).toMatchObject({
      phase: "ACTIVE",
      epoch: 3,
      sequence: 3,
      run: { runId: "r", stage: "completed" },
    });
  });

  it("waits for every holder (OG-2)", () => {
    const world = new Service();
    world.ask();
    world.ask({ holder: "i" });
    world.apply();
    expect(world.advance()).toEqual([]);
    world.take({ kind: "acknowledge", holder: "h", incarnation: "1", closedEpoch: 2 });
    expect(world.advance()).toEqual([]);
    world.ask({ holder: "i", closedEpoch: 2 });
    expect(world.advance()).toEqual(["frozen", "switch", "unfreeze"]);
  });

  it("waits no longer than the lease of a silent one, and its drift", () => {
    const world = new Service();
    world.ask();
    world.apply();
    expect(world.take({ kind: "advance" }, 3_059)).toEqual([{ kind: "wake", atMs: 3_060 }]);
    expect(world.advance(3_060)).toEqual(["frozen", "switch", "unfreeze"]);
  });

  it.each([1, 3, Number.NaN])("does not take an acknowledgement of epoch %d for one of epoch 2", (closedEpoch) => {
    const world = new Service();
    world.ask();
    world.apply();
    world.take({ kind: "acknowledge", holder: "h", incarnation: "1", closedEpoch });
    expect(world.advance()).toEqual([]);
  });

  it("does not take another life's acknowledgement", () => {
    const world = new Service();
    world.ask();
    world.apply();
    world.take({ kind: "acknowledge", holder: "h", incarnation: "2", closedEpoch: 2 });
    expect(world.advance()).toEqual([]);
  });

  it("grants no lease until it is over (OG-3)", () => {
    const world = new Service();
    world.apply();
    const answers: LeaseAnswer[] = [world.ask()];
    for (let step = 0; step < 2; step++) {
      world.take({ kind: "advance" });
      answers.push(world.ask());
    }
    expect(answers.map(({ granted, phase }) => [granted, phase])).toEqual([
      [false, "FREEZING"],
      [false, "FROZEN"],
      [false, "SWITCHED"],
    ]);
    world.advance();
    expect(world.ask()).toMatchObject({ granted: true, epoch: 3, sequence: 3, ttlMs: 3_000 });
  });

  it("is one at a time, and the same request has the same answer (W-2)", () => {
    const world = new Service();
    world.ask();
    world.apply("r", "body", 1);
    expect(world.apply("r", "body", 1)).toMatchObject([{ kind: "run", run: { stage: "freezing" } }]);
    expect(world.refusal(() => world.apply("r", "other"))).toBe("IDEMPOTENCY_CONFLICT");
    expect(world.refusal(() => world.apply("r2"))).toBe("APPLY_IN_PROGRESS");
    world.advance(5_000);
    expect(world.apply("r", "body", 1)).toMatchObject([{ kind: "run", run: { stage: "completed" } }]);
    const earlier = { runId: "r0", requestHash: "x", stage: "rolled_back" as const, error: "e" };
    const again = { kind: "apply" as const, runId: "r0", requestHash: "x", expectedEpoch: 0, earlier };
    expect(world.take(again)).toEqual([{ kind: "run", run: earlier }]);
  });

  it("is based on an epoch (W-7)", () => {
    const world = new Service();
    expect(world.refusal(() => world.apply("r", "body", 7))).toBe("PRECONDITION_FAILED");
    expect(world.refusal(() => world.apply("r", "body", Number.NaN))).toBe("PRECONDITION_FAILED");
  });

  it("that fails is rolled back and stays frozen until somebody says why not (W-4)", () => {
    const world = new Service();
    world.apply();
    world.take({ kind: "advance" });
    expect(world.take({ kind: "fail", runId: "r", error: "no room" })).toMatchObject([
      { kind: "persist", transition: "rollback", record: { phase: "ROLLED_BACK", epoch: 2 } },
      { kind: "run", run: { stage: "rolled_back", error: "no room" } },
    ]);
    expect(world.advance()).toEqual([]);
    expect(world.ask().granted).toBe(false);
    const open = { kind: "unfreeze" as const, actor: "ann", reason: "checked", expectedEpoch: 2 };
    expect(world.refusal(() => world.take({ ...open, reason: "" }))).toBe("REQUEST_INVALID");
    expect(world.refusal(() => world.take({ ...open, expectedEpoch: 1 }))).toBe("PRECONDITION_FAILED");
    world.take(open);
    expect(world.state.record).toMatchObject({ phase: "ACTIVE", epoch: 3 });
    expect(world.refusal(() => world.take({ ...open, expectedEpoch: 3 }))).toBe("TRANSITION_INVALID");
  });

  it("cannot be rolled back before the freeze is complete", () => {
    const world = new Service();
    world.ask();
    world.apply();
    expect(world.take({ kind: "fail", runId: "r", error: "x" })).toEqual([]);
    expect(world.state.record.phase).toBe("FREEZING");
  });

  it("may follow one that was rolled back, and opens the world", () => {
    const world = new Service();
    world.apply();
    world.take({ kind: "advance" });
    world.take({ kind: "fail", runId: "r", error: "x" });
    world.apply("r2");
    world.advance();
    expect(world.state.record).toMatchObject({ phase: "ACTIVE", epoch: 4, run: { runId: "r2", stage: "completed" } });
  });

  it.each([0, 1, 2, 3])("goes on after a crash behind %d transactions (W-3)", (steps) => {
    const world = new Service();
    world.ask();
    world.apply();
    world.nowMs = 10_000;
    for (let step = 0; step < steps; step++) world.take({ kind: "advance" });
    world.restart();
    world.advance(20_000);
    expect(world.state.record).toMatchObject({ phase: "ACTIVE", epoch: 3, sequence: 3, run: { stage: "completed" } });
  });

  it("after a restart waits for leases that nobody remembers", () => {
    const world = new Service();
    world.ask();
    world.nowMs = 1_000;
    world.restart();
    world.apply();
    expect(world.take({ kind: "advance" }, 4_059)).toEqual([{ kind: "wake", atMs: 4_060 }]);
    expect(world.advance(4_060)).toHaveLength(3);
  });
});

it("counts an event for each entry that a switch or a rollback changes", () => {
  const world = new Service();
  world.apply();
  world.take({ kind: "advance" });
  world.take({ kind: "advance", entryEvents: 3 });
  expect(world.state.record).toMatchObject({ phase: "SWITCHED", sequence: 5 });
  world.take({ kind: "fail", runId: "r", error: "x", entryEvents: 3 });
  expect(world.state.record).toMatchObject({ phase: "ROLLED_BACK", sequence: 9 });
});

describe("kill (OG-7)", () => {
  it("ends leases in every phase, and a reason opens", () => {
    const world = new Service();
    world.take({ kind: "kill", actor: "ann", reason: "odd fills" });
    expect(world.ask()).toMatchObject({ granted: false, refusal: "killed", epoch: 2, killed: true });
    expect(world.take({ kind: "kill", actor: "bob", reason: "me too" })).toEqual([]);
    world.apply();
    world.advance();
    expect(world.state.record).toMatchObject({ phase: "ACTIVE", epoch: 4, killed: { actor: "ann" } });
    expect(world.ask().granted).toBe(false);
    expect(world.refusal(() => world.take({ kind: "revive", actor: "ann", reason: "" }))).toBe("REQUEST_INVALID");
    world.take({ kind: "revive", actor: "ann", reason: "checked" });
    expect(world.ask()).toMatchObject({ granted: true, epoch: 5 });
    expect(world.refusal(() => world.take({ kind: "revive", actor: "ann", reason: "x" }))).toBe("TRANSITION_INVALID");
  });
});

describe("changes outside an apply", () => {
  it("end every lease when the world may do less", () => {
    const world = new Service();
    world.ask();
    world.take({ kind: "recall" });
    expect(world.state.record).toMatchObject({ phase: "ACTIVE", epoch: 2, sequence: 1 });
    expect(world.ask()).toMatchObject({ granted: true, epoch: 2 });
  });

  it("take a sequence number per event, and wait for an apply to end", () => {
    const world = new Service();
    world.take({ kind: "change", events: 3 });
    expect(world.state.record).toMatchObject({ epoch: 1, sequence: 3 });
    world.ask();
    world.apply();
    expect(world.refusal(() => world.take({ kind: "change", events: 1 }))).toBe("APPLY_IN_PROGRESS");
  });
});

describe("leases", () => {
  it("are refused to a holder that knows of a future", () => {
    expect(new Service().ask({ seenEpoch: 2 })).toMatchObject({ granted: false, refusal: "epoch_ahead" });
    expect(new Service().ask({ closedEpoch: 2 })).toMatchObject({ granted: false, refusal: "epoch_ahead" });
    expect(new Service().ask({ seenEpoch: Number.NaN })).toMatchObject({ granted: false, refusal: "epoch_ahead" });
  });

  it("are forgotten when they have ended", () => {
    const world = new Service();
    world.ask();
    world.nowMs = 3_060;
    world.ask({ holder: "i" });
    expect([...world.state.leases.values()].map(({ holder }) => holder)).toEqual(["i"]);
  });

  it("are bounded in number", () => {
    const world = new Service();
    const lease = { holder: "h", incarnation: "1", strategyId: "s", endsAtMs: 1e9, closedEpoch: 0 };
    const leases = new Map(Array.from({ length: 10_000 }, (_, index) => [String(index), lease]));
    world.state = { ...world.state, leases };
    expect(world.ask()).toMatchObject({ granted: false, refusal: "too_many_holders" });
  });
});

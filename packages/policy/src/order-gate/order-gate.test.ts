import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { activationStateHash, activationTable, type ActivationEntry } from "../activation/index.ts";
import {
  closedBecause,
  closedOrderGate,
  emptyBook,
  mayLeave,
  nextTickMs,
  stepOrderGate,
  withFill,
  type ActivationEvent,
  type GateEffect,
  type GateInput,
  type LeavingOrder,
  type LeaseReply,
  type OrderGateState,
  type WorldSnapshot,
} from "./index.ts";

const entry: ActivationEntry = {
  strategyId: "s",
  side: "long",
  active: true,
  weight: 1,
  freeze: false,
  drain: false,
  effectiveMode: null,
};
const hash = activationStateHash(activationTable([entry]));

const snapshot: WorldSnapshot = {
  phase: "ACTIVE",
  epoch: 4,
  sequence: 10,
  killed: false,
  entries: [entry],
  stateHash: hash,
  drainReduceOnly: true,
};
const reply: LeaseReply = {
  granted: true,
  epoch: 4,
  phase: "ACTIVE",
  effectiveMode: "paper",
  ttlMs: 3_000,
  decisionExpiresInMs: 60_000,
  highWater: 10,
};
const freeze: ActivationEvent = {
  version: 1,
  phase: "FREEZING",
  epoch: 5,
  sequence: 11,
  killed: false,
  stateHash: hash,
};
const unfreeze: ActivationEvent = { ...freeze, phase: "ACTIVE", epoch: 6, sequence: 12 };

const order: LeavingOrder = {
  strategyId: "s",
  side: "long",
  venue: "simulated",
  executionDomain: "dryrun",
  epoch: 4,
  reduceOnly: false,
  exposure: { accountId: "a", worldId: "w", strategyId: "s", symbol: "X", quantity: 1, price: 100 },
};

/** A gate and the clock of its process. */
class Holder {
  state: OrderGateState = closedOrderGate({ holder: "h", incarnation: "1", strategyId: "s", venue: "simulated" });
  nowMs = 1_000;

  take(input: GateInput, atMs = this.nowMs): readonly GateEffect[] {
    this.nowMs = atMs;
    const { state, effects } = stepOrderGate(this.state, input, atMs);
    this.state = state;
    return effects;
  }

  askIdOf(effects: readonly GateEffect[]): number {
    const ask = effects.find((effect) => effect.kind === "ask");
    if (ask?.kind !== "ask") throw new Error("no lease was asked for");
    return ask.askId;
  }

  verdict(changes: Partial<LeavingOrder> = {}): string {
    const verdict = mayLeave(this.state, { ...order, ...changes }, this.nowMs);
    return verdict.kind === "approved" ? "approved" : verdict.reason;
  }

  kinds(effects: readonly GateEffect[]): string[] {
    return effects.map((effect) => effect.kind);
  }
}

function opened(
  changes: { snapshot?: Partial<WorldSnapshot>; reply?: Partial<LeaseReply>; limit?: number } = {},
): Holder {
  const holder = new Holder();
  holder.take({ kind: "book", book: emptyBook({ account: changes.limit ?? 1_000 }) });
  holder.take({ kind: "snapshot", snapshot: { ...snapshot, ...changes.snapshot } });
  holder.take({ kind: "reply", askId: holder.state.askCount, reply: { ...reply, ...changes.reply } }, 1_100);
  return holder;
}

describe("OG-1: an order leaves only while everything holds", () => {
  it("leaves when it does", () => expect(opened().verdict()).toBe("approved"));

  it.each<[string, Holder, Partial<LeavingOrder>, string]>([
    ["no snapshot", new Holder(), {}, "no_view"],
    ["unknown phase", opened({ snapshot: { phase: "SOMETHING" } }), {}, "no_view"],
    ["frozen", opened({ snapshot: { phase: "FROZEN" } }), {}, "phase"],
    ["killed world", opened({ snapshot: { killed: true } }), {}, "killed"],
    ["no lease", opened({ reply: { granted: false } }), {}, "lease"],
    ["lease of a phase that is not open", opened({ reply: { phase: "FREEZING" } }), {}, "lease"],
    ["lease of another epoch", opened({ reply: { epoch: 5 } }), {}, "epoch"],
    ["order of an older epoch", opened(), { epoch: 3 }, "epoch"],
    ["order of no epoch", opened(), { epoch: Number.NaN }, "epoch"],
    ["lease without end", opened({ reply: { ttlMs: Number.NaN } }), {}, "lease"],
    ["decision without age", opened({ reply: { decisionExpiresInMs: Number.NaN } }), {}, "decision_stale"],
    ["decision that is over", opened({ reply: { decisionExpiresInMs: 50 } }), {}, "decision_stale"],
    ["mode that does not trade", opened({ reply: { effectiveMode: "compute-only" } }), {}, "mode"],
    ["mode nobody knows", opened({ reply: { effectiveMode: "yolo" } }), {}, "mode"],
    ["no mode", opened({ reply: { effectiveMode: null } }), {}, "mode"],
    ["behind the world", opened({ reply: { highWater: 11 } }), {}, "out_of_sync"],
    ["another activation than the world's", opened({ snapshot: { stateHash: "blake3:0" } }), {}, "out_of_sync"],
    ["no activation", opened({ snapshot: { entries: [], stateHash: activationStateHash(new Map()) } }), {}, "inactive"],
    ["the other side", opened(), { side: "short" }, "inactive"],
    ["another strategy's gate", opened(), { strategyId: "t" }, "venue"],
    ["the other venue", opened({ reply: { effectiveMode: "live" } }), { venue: "live" }, "venue"],
    ["a backtest's order", opened(), { executionDomain: "backtest" }, "mode"],
    ["a shadow's order", opened(), { executionDomain: "shadow" }, "mode"],
    ["over the limit", opened({ limit: 99 }), {}, "limits"],
    ["a limit that is none", opened({ limit: Number.NaN }), {}, "limits"],
    ["an order without a price", opened(), { exposure: { ...order.exposure, price: Number.NaN } }, "limits"],
    ["an order without a quantity", opened(), { exposure: { ...order.exposure, quantity: Number.NaN } }, "limits"],
  ])("%s", (_, holder, changes, reason) => expect(holder.verdict(changes)).toBe(reason));

  it("does not take a weight that is none for an activation", () => {
    const entries = [{ ...entry, weight: Number.NaN }];
    expect(opened({ snapshot: { entries, stateHash: "" } }).verdict()).toBe("inactive");
  });

  it("keeps a strategy below the world's mode where its entry says so", () => {
    const entries = [{ ...entry, effectiveMode: "compute-only" as const }];
    expect(opened({ snapshot: { entries, stateHash: activationStateHash(activationTable(entries)) } }).verdict()).toBe(
      "mode",
    );
  });

  it("needs a book to send from", () => {
    const holder = opened();
    holder.state = { ...holder.state, book: undefined };
    expect(holder.verdict()).toBe("limits");
  });
});

describe("the lease", () => {
  it("counts from the request, not from the answer", () => {
    const holder = opened(); // asked at 1000, answered at 1100
    holder.take({ kind: "tick" }, 3_999);
    expect(holder.verdict()).toBe("approved");
    holder.nowMs = 4_000;
    expect(holder.verdict()).toBe("lease");
  });

  it("never lives longer than the world waits for it", () => {
    const holder = opened({ reply: { ttlMs: 1e9 } });
    holder.nowMs = 4_000;
    expect(holder.verdict()).toBe("lease");
  });

  it("is asked for every 800 ms, and says when it is over", () => {
    const holder = opened();
    expect(nextTickMs(holder.state, 1_100)).toBe(1_800);
    expect(holder.kinds(holder.take({ kind: "tick" }, 1_799))).toEqual([]);
    expect(holder.kinds(holder.take({ kind: "tick" }, 1_800))).toEqual(["ask"]);
    expect(nextTickMs(holder.state, 3_900)).toBe(3_900);
    expect(holder.take({ kind: "tick" }, 4_000)).toContainEqual({ kind: "closed", reason: "lease" });
  });

  it("of an answer that comes late does not replace a newer epoch's", () => {
    const holder = opened();
    const late = holder.askIdOf(holder.take({ kind: "tick" }, 1_800));
    holder.take({ kind: "event", event: freeze }, 1_900);
    holder.take({ kind: "event", event: unfreeze }, 2_000);
    const asked = holder.askIdOf(holder.take({ kind: "tick" }, 2_600));
    holder.take({ kind: "reply", askId: late, reply }, 2_700);
    expect(holder.verdict({ epoch: 6 })).toBe("lease");
    holder.take({ kind: "reply", askId: asked, reply: { ...reply, epoch: 6, highWater: 12 } }, 2_800);
    expect(holder.verdict({ epoch: 6 })).toBe("approved");
    expect(holder.verdict({ epoch: 4 })).toBe("epoch");
  });

  it("is taken once, and only by whoever asked", () => {
    const holder = opened();
    holder.nowMs = 5_000;
    holder.take({ kind: "reply", askId: 2, reply });
    holder.take({ kind: "reply", askId: 99, reply });
    expect(holder.verdict()).toBe("lease");
  });

  it("that is refused is gone at once", () => {
    const holder = opened();
    const askId = holder.askIdOf(holder.take({ kind: "tick" }, 1_800));
    const effects = holder.take({
      kind: "reply",
      askId,
      reply: { ...reply, granted: false, epoch: 5, phase: "FREEZING" },
    });
    expect(effects).toEqual([
      { kind: "closed", reason: "lease" },
      { kind: "acknowledge", closedEpoch: 5 },
    ]);
  });
});

describe("the stream", () => {
  it("closes on a freeze and says so, in that order", () => {
    expect(opened().take({ kind: "event", event: freeze })).toEqual([
      { kind: "closed", reason: "phase" },
      { kind: "acknowledge", closedEpoch: 5 },
    ]);
  });

  it("acknowledges an epoch once", () => {
    const holder = opened();
    holder.take({ kind: "event", event: freeze });
    expect(holder.take({ kind: "event", event: freeze })).toEqual([]);
    expect(holder.take({ kind: "event", event: { ...freeze, phase: "FROZEN", sequence: 12 } })).toEqual([]);
  });

  it("closes and resyncs on a gap (OG-5)", () => {
    const holder = opened();
    const effects = holder.take({ kind: "event", event: { ...freeze, phase: "ACTIVE", epoch: 4, sequence: 12 } });
    expect(holder.kinds(effects)).toEqual(["closed", "resync"]);
    expect(holder.verdict()).toBe("lease");
    expect(holder.kinds(holder.take({ kind: "tick" }, 2_099))).toEqual(["ask"]);
    expect(holder.kinds(holder.take({ kind: "tick" }, 2_100))).toEqual(["resync"]);
  });

  it("closes on a version it does not know", () => {
    const holder = opened();
    holder.take({ kind: "event", event: { ...freeze, version: 2, phase: "ACTIVE", epoch: 4 } });
    expect(holder.verdict()).not.toBe("approved");
  });

  it("ignores what it has seen", () => {
    const holder = opened();
    holder.take({ kind: "event", event: { ...freeze, sequence: 10, phase: "ACTIVE", epoch: 4 } });
    expect(holder.verdict()).toBe("approved");
  });

  it("takes a changed entry, and its hash must agree", () => {
    const holder = opened();
    const heavier = { ...entry, weight: 0.5 };
    const event = { ...freeze, phase: "ACTIVE", epoch: 4, entry: heavier };
    holder.take({ kind: "event", event: { ...event, stateHash: activationStateHash(activationTable([heavier])) } });
    expect(holder.verdict()).toBe("approved");
    holder.take({ kind: "event", event: { ...event, sequence: 12, stateHash: hash } });
    expect(holder.verdict()).toBe("out_of_sync");
  });

  it("asks for a snapshot when it stays behind what the lease says", () => {
    const holder = opened({ reply: { highWater: 11 } });
    expect(holder.kinds(holder.take({ kind: "tick" }, 1_499))).toEqual([]);
    expect(holder.kinds(holder.take({ kind: "tick" }, 1_500))).toEqual(["resync"]);
  });

  it("opens again after a disconnect only with a snapshot and a lease asked for after it (OG-4)", () => {
    const holder = opened();
    expect(holder.kinds(holder.take({ kind: "disconnected" }))).toEqual(["closed", "resync"]);
    const before = holder.askIdOf(holder.take({ kind: "tick" }, 1_800));
    const after = holder.askIdOf(holder.take({ kind: "snapshot", snapshot }, 1_900));
    holder.take({ kind: "reply", askId: before, reply }, 1_950);
    expect(holder.verdict()).toBe("lease");
    expect(holder.take({ kind: "reply", askId: after, reply }, 1_960)).toEqual([{ kind: "opened" }]);
    expect(holder.verdict()).toBe("approved");
  });

  it("does not go back to an older snapshot", () => {
    const holder = opened();
    holder.take({ kind: "event", event: freeze });
    const effects = holder.take({ kind: "snapshot", snapshot });
    expect(holder.kinds(effects)).not.toContain("opened");
    holder.take({ kind: "reply", askId: holder.state.askCount, reply });
    expect(holder.verdict()).not.toBe("approved");
  });
});

describe("the kill switch (OG-7)", () => {
  it("needs nobody, and opens for an operator with a reason alone", () => {
    const holder = opened();
    expect(holder.take({ kind: "kill", reason: "drawdown" })).toEqual([{ kind: "closed", reason: "killed" }]);
    holder.take({ kind: "revive", actor: "ann", reason: " " });
    expect(holder.verdict()).toBe("killed");
    holder.take({ kind: "revive", actor: "ann", reason: "checked" });
    expect(holder.verdict()).toBe("approved");
  });

  it("of the world comes with its epoch", () => {
    const holder = opened();
    holder.take({ kind: "event", event: { ...freeze, phase: "ACTIVE", killed: true } });
    expect(holder.verdict()).toBe("killed");
  });
});

describe("a draining strategy (OG-6)", () => {
  const entries = [{ ...entry, drain: true }];
  const stateHash = activationStateHash(activationTable(entries));
  function draining(drainReduceOnly: boolean): Holder {
    const holder = opened({ snapshot: { entries, stateHash, drainReduceOnly } });
    const book = withFill(emptyBook({ account: 1_000 }), "1", { ...order.exposure, quantity: 3 });
    holder.take({ kind: "book", book });
    return holder;
  }
  const shrinking = { reduceOnly: true, exposure: { ...order.exposure, quantity: -2 } };

  it("may shrink its position if the policy lets it", () => {
    expect(draining(true).verdict(shrinking)).toBe("approved");
    expect(draining(false).verdict(shrinking)).toBe("inactive");
  });

  it("may do nothing else, whatever the order calls itself", () => {
    expect(draining(true).verdict({ ...shrinking, reduceOnly: false })).toBe("inactive");
    expect(draining(true).verdict({ reduceOnly: true })).toBe("inactive");
  });

  it("may not while the world is frozen", () => {
    const holder = draining(true);
    holder.take({ kind: "event", event: { ...freeze, stateHash } });
    expect(holder.verdict(shrinking)).toBe("phase");
  });
});

it("a gate that is open has a view, a lease and no reason to be closed, whatever comes in (model)", () => {
  const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
    fc.oneof({ arbitrary: fc.constant(usual), weight: 8 }, { arbitrary: fc.constantFrom(...others), weight: 1 });
  const epoch = fc.integer({ min: 1, max: 3 });
  const sequence = fc.integer({ min: 0, max: 6 });
  const inputs = fc.oneof(
    fc.constant<GateInput>({ kind: "tick" }),
    fc.constant<GateInput>({ kind: "disconnected" }),
    fc.record({
      kind: fc.constant("snapshot" as const),
      snapshot: fc.record({
        phase: mostly("ACTIVE", "FREEZING", "FROZEN", "?"),
        epoch,
        sequence,
        killed: mostly(false, true),
        entries: fc.constant([entry]),
        stateHash: mostly<string>(hash, "blake3:0"),
        drainReduceOnly: fc.boolean(),
      }),
    }),
    fc.record({
      kind: fc.constant("event" as const),
      event: fc.record({
        version: mostly<unknown>(1, 2, undefined),
        phase: mostly("ACTIVE", "FREEZING", "SWITCHED"),
        epoch,
        sequence,
        killed: mostly(false, true),
        stateHash: mostly<string>(hash, "blake3:0"),
      }),
    }),
    fc.record({
      kind: fc.constant("reply" as const),
      askId: mostly(0, 1, 2), // so many before the latest
      reply: fc.record({
        granted: mostly(true, false),
        epoch,
        phase: mostly("ACTIVE", "FREEZING"),
        effectiveMode: mostly<unknown>("paper", "live", "validate", undefined),
        ttlMs: mostly(3_000, Number.NaN),
        decisionExpiresInMs: mostly(60_000, 10, Number.NaN),
        highWater: mostly(0, 2, 6),
      }),
    }),
  );
  let approvals = 0;
  const run = fc.property(
    fc.array(fc.tuple(inputs, fc.integer({ min: 0, max: 900 })), { minLength: 20, maxLength: 60 }),
    (steps) => {
      const holder = new Holder();
      holder.take({ kind: "book", book: emptyBook({}) });
      const askedAt = new Map<number, number>();
      let epochs: number[] = [0];
      for (const [step, waitMs] of steps) {
        const input = step.kind === "reply" ? { ...step, askId: holder.state.askCount - step.askId } : step;
        const effects = holder.take(input, holder.nowMs + waitMs);
        for (const effect of effects) if (effect.kind === "ask") askedAt.set(effect.askId, holder.nowMs);
        if (input.kind === "event" && input.event.version === 1) epochs = [...epochs, input.event.epoch];
        if (input.kind === "snapshot") epochs = [...epochs, input.snapshot.epoch];
        const { view, lease } = holder.state;
        for (const epoch of [1, 2, 3, 4]) {
          if (holder.verdict({ epoch }) !== "approved") continue;
          approvals += 1;
          expect(view).toMatchObject({ phase: "ACTIVE", epoch, killed: false, stateHash: hash });
          expect(epoch).toBe(Math.max(...epochs));
          expect(lease?.epoch).toBe(epoch);
          expect(Math.max(...askedAt.values())).toBeGreaterThan(holder.nowMs - 3_000);
        }
        expect(closedBecause(holder.state, holder.nowMs) === undefined).toBe(holder.state.saidOpen);
      }
    },
  );
  fc.assert(run, { numRuns: 1_500, seed: 7 });
  expect(approvals).toBeGreaterThan(100);
});

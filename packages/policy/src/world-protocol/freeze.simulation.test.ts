import { seededRandom, type Random } from "@qmtl/core";
import { describe, expect, it } from "vitest";
import { activationStateHash, activationTable, type ActivationEntry } from "../activation/index.ts";
import {
  closedOrderGate,
  emptyBook,
  gateRules,
  mayLeave,
  stepOrderGate,
  type ActivationEvent,
  type GateEffect,
  type GateInput,
  type GateRules,
  type OrderGateState,
} from "../order-gate/index.ts";
import {
  createWorld,
  newWorldRecord,
  restoreWorld,
  stepWorld,
  worldRules,
  type LeaseAnswer,
  type WorldEffect,
  type WorldInput,
  type WorldProtocolState,
  type WorldRecord,
  type WorldRules,
} from "./index.ts";

// The two reducers on a network that loses, delays, repeats and reorders, with clocks that drift up to 2 % and
// processes that crash. After every order: was the world frozen at that moment (OG-2, OG-3)?

interface Faults {
  readonly gate?: Partial<GateRules>;
  readonly world?: Partial<WorldRules>;
  /** The runner takes what it remembers for what is, and itself for the process that it was. */
  readonly restoresOldState?: boolean;
  /** The runner sends an order some time after it asked whether it may. */
  readonly awaitsBeforeSend?: boolean;
  /** The runner's clock for leases is the wall clock, which jumps. */
  readonly leasesOnWallClock?: boolean;
}

const entry: ActivationEntry = {
  strategyId: "s",
  side: "long",
  active: true,
  weight: 1,
  freeze: false,
  drain: false,
  effectiveMode: null,
};
const entries = [entry];
const stateHash = activationStateHash(activationTable(entries));
const minuteMs = 60_000;
const boundless = {
  endsAtMs: Number.POSITIVE_INFINITY,
  freshUntilMs: Number.POSITIVE_INFINITY,
  mode: "paper",
} as const;

class Simulation {
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #queue: { atMs: number; order: number; run: () => void }[] = [];
  #scheduled = 0;
  nowMs = 0;
  /** Faults stop then, and everything has to come right again. */
  readonly healAtMs = minuteMs;

  durable: WorldRecord = newWorldRecord("w");
  world: WorldProtocolState = createWorld(this.durable);
  worldUp = true;
  readonly holders: Runner[] = [];
  violation: string | undefined;
  ordersLeft = 0;

  constructor(seed: number, faults: Faults) {
    this.#random = seededRandom(seed);
    this.#faults = faults;
  }

  run(): void {
    for (let index = 0; index < 3; index++) this.holders.push(new Runner(this, index));
    this.every(50, () => this.worldTakes({ kind: "advance" }));
    this.every(20, () => this.holders.forEach((holder) => holder.take({ kind: "tick" })));
    this.every(37, () => this.holders.forEach((holder) => holder.sendOrder()));
    this.every(7_000, () => this.apply());
    this.every(4_100, () => this.chance(0.4) && this.crashWorld());
    this.every(3_700, () => this.chance(0.5) && this.holders[this.#random.integer(3)]!.crash());
    this.every(2_900, () => this.chance(0.4) && this.holders[this.#random.integer(3)]!.take({ kind: "disconnected" }));
    this.every(2_300, () => this.holders.forEach((holder) => holder.jumpWallClock()));
    this.every(1_900, () => this.holders.forEach((holder) => holder.cutOff(this.chance(0.3))));
    while (this.violation === undefined) {
      this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#queue.shift();
      if (next === undefined || next.atMs > this.healAtMs + 30_000) return;
      this.nowMs = next.atMs;
      next.run();
    }
  }

  at(delayMs: number, run: () => void): void {
    this.#queue.push({ atMs: this.nowMs + delayMs, order: this.#scheduled++, run });
  }

  every(periodMs: number, run: () => unknown): void {
    const again = (): void => {
      run();
      this.at(periodMs, again);
    };
    this.at(periodMs * this.#random.uniform(), again);
  }

  get faulty(): boolean {
    return this.nowMs < this.healAtMs;
  }

  chance(probability: number): boolean {
    return this.faulty && this.#random.uniform() < probability;
  }

  uniform(): number {
    return this.#random.uniform();
  }

  /** A message: lost, late, twice, or simply there. */
  send(deliver: () => void): void {
    if (this.chance(0.15)) return;
    const delayMs = (): number => (this.chance(0.2) ? 4_000 : 40) * this.#random.uniform();
    this.at(delayMs(), deliver);
    if (this.chance(0.1)) this.at(delayMs(), deliver);
  }

  // ---- the world

  apply(): void {
    const { epoch } = this.durable;
    const runId = `run at ${this.nowMs}`;
    this.worldTakes({ kind: "apply", runId, requestHash: "", expectedEpoch: epoch, earlier: null });
  }

  worldTakes(input: WorldInput, answer?: (answer: LeaseAnswer) => void): void {
    if (!this.worldUp) return;
    let effects: readonly WorldEffect[];
    try {
      const step = stepWorld(this.world, input, this.nowMs, { ...worldRules, ...this.#faults.world });
      effects = step.effects;
      const persist = effects.find((effect) => effect.kind === "persist");
      if (persist?.kind === "persist") {
        if (this.chance(0.05)) return; // the transaction failed
        this.durable = persist.record;
        // What happened is durable, but the process ends before it can act on it.
        if (this.chance(0.05)) return this.crashWorld();
      }
      this.world = step.state;
    } catch {
      return; // refused: an apply is in progress
    }
    for (const effect of effects) {
      if (effect.kind === "persist") this.publish(effect.record);
      if (effect.kind === "lease") answer?.(effect.answer);
    }
  }

  crashWorld(): void {
    this.worldUp = false;
    this.at(2_000 * this.#random.uniform(), () => {
      this.worldUp = true;
      this.world = restoreWorld(this.durable, this.nowMs, { ...worldRules, ...this.#faults.world });
    });
  }

  publish({ phase, epoch, sequence, killed }: WorldRecord): void {
    const event: ActivationEvent = { version: 1, phase, epoch, sequence, killed: killed !== null, stateHash };
    for (const holder of this.holders) this.send(() => holder.hear({ kind: "event", event }));
  }

  // ---- the venue

  orderArrives(from: string): void {
    this.ordersLeft += 1;
    const { phase, epoch } = this.durable;
    if (phase !== "ACTIVE" && phase !== "FREEZING") {
      this.violation ??= `an order of ${from} left in phase ${phase}, epoch ${epoch}, at ${this.nowMs.toFixed(1)}`;
    }
  }

  get faults(): Faults {
    return this.#faults;
  }
}

class Runner {
  readonly #simulation: Simulation;
  readonly #name: string;
  /** Monotonic milliseconds per true one: within the drift that is allowed for. */
  readonly #rate: number;
  #wallAheadMs = 0;
  #life = 0;
  #reachable = true;
  state: OrderGateState;

  constructor(simulation: Simulation, index: number) {
    this.#simulation = simulation;
    this.#name = `h${index}`;
    this.#rate = [0.981, 1, 1.02][index]!;
    this.state = this.#fresh();
  }

  #fresh(): OrderGateState {
    if (this.#simulation.faults.restoresOldState !== true) this.#life += 1;
    const incarnation = String(this.#life);
    const gate = closedOrderGate({ holder: this.#name, incarnation, strategyId: "s", venue: "simulated" });
    return { ...gate, book: emptyBook({ account: 1_000 }) };
  }

  get nowMs(): number {
    const monotonicMs = this.#simulation.nowMs * this.#rate;
    return this.#simulation.faults.leasesOnWallClock === true ? monotonicMs + this.#wallAheadMs : monotonicMs;
  }

  jumpWallClock(): void {
    if (this.#simulation.faulty) this.#wallAheadMs = -4_000 * this.#simulation.uniform();
  }

  cutOff(cut: boolean): void {
    this.#reachable = !cut;
  }

  crash(): void {
    const { state } = this;
    this.state = this.#fresh();
    if (this.#simulation.faults.restoresOldState !== true) return;
    // What is read back takes its time, and goes over whatever has come in since.
    this.#simulation.at(2_000 * this.#simulation.uniform(), () => (this.state = state));
  }

  hear(input: GateInput): void {
    if (this.#reachable) this.take(input);
  }

  take(input: GateInput): void {
    const { state, effects } = stepOrderGate(this.state, input, this.nowMs, {
      ...gateRules,
      ...this.#simulation.faults.gate,
    });
    this.state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: GateEffect): void {
    const { holder, incarnation, strategyId } = this.state;
    const simulation = this.#simulation;
    if (!this.#reachable) return;
    switch (effect.kind) {
      case "ask": {
        const { askId, seenEpoch, closedEpoch } = effect;
        const request = { holder, incarnation, strategyId, seenEpoch, closedEpoch };
        simulation.send(() =>
          simulation.worldTakes({ kind: "ask", request }, ({ granted, refusal, epoch, phase, sequence, ttlMs }) => {
            const reply = { granted, reason: refusal, epoch, phase, ttlMs, effectiveMode: "paper" };
            const rest = { decisionExpiresInMs: 60_000, highWater: sequence };
            simulation.send(() => this.#ifAlive(incarnation, { kind: "reply", askId, reply: { ...reply, ...rest } }));
          }),
        );
        return;
      }
      case "acknowledge":
        simulation.send(() =>
          simulation.worldTakes({ kind: "acknowledge", holder, incarnation, closedEpoch: effect.closedEpoch }),
        );
        return;
      case "resync":
        simulation.send(() => {
          const { phase, epoch, sequence, killed } = simulation.durable;
          const world = { phase, epoch, sequence, killed: killed !== null };
          const snapshot = { ...world, entries, stateHash, drainReduceOnly: false };
          simulation.send(() => this.#ifAlive(incarnation, { kind: "snapshot", snapshot }));
        });
        return;
      case "opened":
      case "closed":
        return;
    }
  }

  #ifAlive(incarnation: string, input: GateInput): void {
    if (this.state.incarnation === incarnation) this.hear(input);
  }

  sendOrder(): void {
    const { epoch } = this.state.view ?? { epoch: 0 };
    const exposure = { accountId: "a", worldId: "w", strategyId: "s", symbol: "X", quantity: 1, price: 1 };
    const order = { strategyId: "s", side: "long", venue: "simulated", executionDomain: "dryrun", epoch } as const;
    const leaving = { ...order, reduceOnly: false, exposure };
    const verdict = mayLeave(this.state, leaving, this.nowMs, { ...gateRules, ...this.#simulation.faults.gate });
    if (verdict.kind !== "approved") return;
    if (this.#simulation.faults.awaitsBeforeSend === true) {
      this.#simulation.at(200 * this.#simulation.uniform(), () => this.#simulation.orderArrives(this.#name));
    } else {
      this.#simulation.orderArrives(this.#name);
    }
  }
}

function simulated(seed: number, faults: Faults = {}): Simulation {
  const simulation = new Simulation(seed, faults);
  simulation.run();
  return simulation;
}

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

describe("no order leaves a frozen world (OG-2, OG-3)", () => {
  it("whatever the network and the processes do; and then all gates open again", () => {
    for (const seed of seeds) {
      const { violation, ordersLeft, durable, holders } = simulated(seed);
      expect(violation, `seed ${seed}`).toBeUndefined();
      expect(ordersLeft, `seed ${seed}`).toBeGreaterThan(100);
      expect(durable.phase, `seed ${seed}`).not.toBe("ROLLED_BACK");
      expect(
        holders.map((holder) => holder.state.seen.epoch),
        `seed ${seed}`,
      ).toEqual(holders.map(() => durable.epoch));
    }
  });

  it.each<[string, Faults]>([
    ["the freeze does not wait", { world: { mayReportFrozen: () => true } }],
    ["a silent holder counts as closed", { world: { isClosed: () => true } }],
    [
      "the wait for an acknowledgement ends before the lease",
      { world: { leaseEndMs: (grantedAtMs) => grantedAtMs + 1_000 } },
    ],
    ["no margin for drift", { world: { leaseEndMs: (grantedAtMs) => grantedAtMs + 3_000 } }],
    ["leases from before a restart are forgotten", { world: { unknownLeasesEndMs: () => 0 } }],
    ["the lease counts from its receipt", { gate: { leaseStartMs: (_, receivedAtMs) => receivedAtMs } }],
    ["the lease never ends", { gate: { validLease: ({ lease }) => lease } }],
    [
      "what is unknown is open",
      { gate: { validLease: ({ lease, view }) => lease ?? { ...boundless, epoch: view?.epoch ?? 0 } } },
    ],
    ["the lease is on the wall clock", { leasesOnWallClock: true }],
    ["an old state is read back after a restart, under the old name", { restoresOldState: true }],
    ["there is a pause between check and send", { awaitsBeforeSend: true }],
  ])("caught: %s", (_, faults) => {
    expect(seeds.some((seed) => simulated(seed, faults).violation !== undefined)).toBe(true);
  });

  it("has one outcome per seed", () => {
    const [a, b] = [simulated(3), simulated(3)];
    expect([a.ordersLeft, a.durable]).toEqual([b.ordersLeft, b.durable]);
  });
});

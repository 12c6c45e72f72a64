import {
  closedOrderGate,
  emptyBook,
  gateRules,
  mayLeave,
  stepOrderGate,
  withFill,
  withOrder,
  withoutOrder,
  type BookOrder,
  type ExposureBook,
  type GateEffect,
  type GateInput,
  type GateRules,
  type LeavingOrder,
  type OrderGateState,
} from "@qmtl/policy/order-gate";
import type { FaultyProcess, FaultySystem } from "../faulty-system.ts";
import type { Mutant } from "./mutants.ts";
import type { Oracle } from "./oracle.ts";
import { strategyIds, type SimulatedWorld } from "./simulated-world.ts";

/** Largest exposure of a holder; every order is for one unit at a price of one. */
export const exposureMax = 4;

const boundlessBook = emptyBook({});

/** The sender's side: the gate's reducer, and a strategy that always wants to trade. */
export class SimulatedHolder {
  readonly name: string;
  readonly process: FaultyProcess;
  gate: OrderGateState;
  book: ExposureBook = emptyBook({ account: exposureMax });
  /** Set by an operator on the spot; it ends with the process. */
  isKilled = false;
  readonly #strategyId: string;
  readonly #system: FaultySystem;
  readonly #oracle: Oracle;
  readonly #world: SimulatedWorld;
  readonly #mutant: Mutant;
  readonly #rules: GateRules;
  #orders = 0;

  constructor(
    system: FaultySystem,
    oracle: Oracle,
    world: SimulatedWorld,
    name: string,
    index: number,
    mutant: Mutant,
  ) {
    this.name = name;
    this.#system = system;
    this.#oracle = oracle;
    this.#world = world;
    this.#mutant = mutant;
    this.#rules = { ...gateRules, ...mutant.gate };
    this.#strategyId = strategyIds[index]!;
    this.gate = this.#closedGate("0");
    this.process = system.process(
      name,
      () => this.#start(),
      () => this.take({ kind: "disconnected" }),
    );
    system.onRequest(`kill ${name}`, () => this.#run(() => this.#kill()));
    system.onRequest(`revive ${name}`, () => this.#run(() => this.#revive()));
  }

  settle(): void {
    this.#run(() => this.#revive());
  }

  take(input: GateInput): void {
    this.#oracle.heard(this, input);
    const before = this.gate;
    const { state, effects } = stepOrderGate(before, input, this.#leaseClockMs, this.#rules);
    this.gate = state;
    this.#oracle.stepped(this, input, effects);
    for (const effect of effects) this.#carryOut(effect);
  }

  /** Could an order leave now? Asked after everything that happens, for it is then that it must not. */
  probe(): void {
    if (!this.process.isRunning) return;
    const order = this.#order(1, false);
    const state = { ...this.gate, book: boundlessBook };
    if (mayLeave(state, order, this.#leaseClockMs, this.#rules).kind === "approved")
      this.#oracle.couldLeave(this, order);
  }

  /** The largest exposure that can come of everything that has left. */
  get exposure(): number {
    let [held, buys, sells] = [0, 0, 0];
    for (const { quantity } of this.book.positions.values()) held += quantity;
    for (const { quantity } of this.book.orders.values()) {
      if (quantity > 0) buys += quantity;
      else sells -= quantity;
    }
    return Math.max(Math.abs(held + buys), Math.abs(held - sells));
  }

  // The mutant reads the wrong clock.
  get #leaseClockMs(): number {
    return this.#mutant.leasesOnWallClock === true ? this.process.nowMs() : this.process.monotonicMs();
  }

  #run(work: () => void): void {
    this.process.run(this.process.life, work);
  }

  #closedGate(incarnation: string): OrderGateState {
    return closedOrderGate({ holder: this.name, incarnation, strategyId: this.#strategyId, venue: "simulated" });
  }

  #start(): void {
    const old = this.gate;
    this.isKilled = false;
    this.gate = this.#closedGate(String(this.process.life));
    this.#oracle.started(this);
    if (this.#mutant.restoresOldState === true && this.process.life > 1) {
      this.process.after(2_000 * this.#system.draw(9, this.process.life), () => (this.gate = old));
    }
    this.#tick();
    this.#trade();
  }

  #tick(): void {
    this.take({ kind: "tick" });
    this.process.after(100, () => this.#tick());
  }

  #kill(): void {
    this.isKilled = true;
    this.take({ kind: "kill", reason: "enough" });
  }

  #revive(): void {
    // Without an actor and a reason nothing opens.
    this.take({ kind: "revive", actor: "", reason: "" });
    if (!this.isKilled) return;
    this.take({ kind: "revive", actor: "op", reason: "seen" });
    this.isKilled = false;
  }

  #trade(): void {
    this.process.after(60, () => this.#trade());
    const held = [...this.book.positions.values()].reduce((sum, { quantity }) => sum + quantity, 0);
    const sells = held > 0 && this.#system.draw(10, this.#orders) < 0.4;
    const order = this.#order(sells ? -1 : 1, sells);
    const state = { ...this.gate, book: this.book };
    if (mayLeave(state, order, this.#leaseClockMs, this.#rules).kind !== "approved") return;
    const id = `o${++this.#orders}`;
    this.book = withOrder(this.book, id, order.exposure);
    if (this.#mutant.awaitsBeforeSend === true) {
      this.process.after(200 * this.#system.draw(11, this.#orders), () => this.#leave(id, order));
    } else {
      this.#leave(id, order);
    }
  }

  #order(quantity: number, reduceOnly: boolean): LeavingOrder {
    const epoch = this.gate.view?.epoch ?? 0;
    const exposure: BookOrder = {
      accountId: "a",
      worldId: "w",
      strategyId: this.#strategyId,
      symbol: "X",
      quantity,
      price: 1,
    };
    const strategyId = this.#strategyId;
    return { strategyId, side: "long", venue: "simulated", executionDomain: "dryrun", epoch, reduceOnly, exposure };
  }

  #leave(id: string, order: LeavingOrder): void {
    this.#oracle.left(this, order);
    this.process.after(150, () => {
      const filled = this.#system.draw(12, this.#orders) < 0.5;
      this.book = filled ? withFill(this.book, id, order.exposure) : withoutOrder(this.book, id);
    });
  }

  #carryOut(effect: GateEffect): void {
    const world = this.#world;
    const { incarnation, holder, strategyId } = this.gate;
    const { life } = this.process;
    const request = (answer: () => void): void => this.#system.send(this.process, world.process, answer);
    const reply = (input: GateInput): void =>
      this.#system.send(world.process, this.process, () => this.take(input), life);
    switch (effect.kind) {
      case "ask": {
        const { askId, seenEpoch, closedEpoch } = effect;
        const askedAtMs = this.#system.nowMs;
        request(() => {
          const answer = world.lease({ holder, incarnation, strategyId, seenEpoch, closedEpoch });
          if (answer === undefined) return;
          const { granted, refusal, epoch, phase, sequence, ttlMs } = answer;
          const decisionExpiresInMs = 1_000 + Math.floor(60_000 * this.#system.draw(13, askId));
          if (granted) this.#oracle.granted(this, life, { epoch, askedAtMs, decisionExpiresInMs });
          const said = { granted, reason: refusal, epoch, phase, ttlMs, effectiveMode: "paper", decisionExpiresInMs };
          reply({ kind: "reply", askId, reply: { ...said, highWater: sequence } });
        });
        return;
      }
      case "acknowledge":
        request(() => void world.take({ kind: "acknowledge", holder, incarnation, closedEpoch: effect.closedEpoch }));
        return;
      case "resync":
        request(() => reply({ kind: "snapshot", snapshot: world.snapshot() }));
        return;
      case "opened":
      case "closed":
        return;
    }
  }
}

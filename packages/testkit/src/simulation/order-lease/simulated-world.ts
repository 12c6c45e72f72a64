import { QmtlError } from "@qmtl/core";
import { activationStateHash, activationTable, type ActivationEntry } from "@qmtl/policy/activation";
import type { ActivationEvent, WorldSnapshot } from "@qmtl/policy/order-gate";
import {
  createWorld,
  isApplying,
  newWorldRecord,
  restoreWorld,
  stepWorld,
  worldRules,
  type LeaseAnswer,
  type LeaseRequest,
  type RunRecord,
  type WorldEffect,
  type WorldInput,
  type WorldProtocolState,
  type WorldRecord,
  type WorldRules,
} from "@qmtl/policy/world-protocol";
import { WriteFailed, type FaultyProcess, type FaultySystem } from "../faulty-system.ts";
import type { Mutant } from "./mutants.ts";
import type { Oracle } from "./oracle.ts";
import type { SimulatedHolder } from "./simulated-holder.ts";

/** What outlives the process. */
export interface DurableWorld {
  record: WorldRecord;
  entries: readonly ActivationEntry[];
  stateHash: string;
  readonly outbox: ActivationEvent[];
  /** How much of the outbox is known to have been published. */
  published: number;
  readonly runs: Map<string, RunRecord>;
}

type Persist = Extract<WorldEffect, { kind: "persist" }>;

export const strategyIds = ["s0", "s1", "s2"] as const;

const eventsWaitingMax = 3;
const retryMs = 250;

/** The service's side: the reducer, its store, and the queues through which its events go out. */
export class SimulatedWorld {
  readonly holders: SimulatedHolder[] = [];
  readonly durable: DurableWorld;
  readonly process: FaultyProcess;
  readonly #system: FaultySystem;
  readonly #oracle: Oracle;
  readonly #mutant: Mutant;
  readonly #rules: WorldRules;
  #state: WorldProtocolState;
  #inDoubt = false;
  #runs = 0;
  /** Events that wait to be sent to a holder. */
  readonly #waiting = new Map<SimulatedHolder, ActivationEvent[]>();

  constructor(system: FaultySystem, oracle: Oracle, mutant: Mutant) {
    this.#system = system;
    this.#oracle = oracle;
    this.#mutant = mutant;
    this.#rules = { ...worldRules, ...mutant.world };
    const entries = strategyIds.map((strategyId) => entryOf(strategyId, "active"));
    const record = newWorldRecord("w");
    const stateHash = activationStateHash(activationTable(entries));
    this.durable = { record, entries, stateHash, outbox: [], published: 0, runs: new Map() };
    this.#state = createWorld(record);
    this.process = system.process("world", () => this.#start());
    system.onRequest("apply", () => this.ask(() => this.apply()));
    system.onRequest("fail", () => this.ask(() => this.#fail()));
    system.onRequest("kill", () => this.ask(() => this.take({ kind: "kill", actor: "op", reason: "enough" })));
    system.onRequest("revive", () => this.ask(() => this.take({ kind: "revive", actor: "op", reason: "seen" })));
    system.onRequest("change", () => this.ask(() => this.take({ kind: "change", events: 1 })));
  }

  /** Runs in the process, if there is one. */
  ask(work: () => void): void {
    this.process.run(this.process.life, work);
  }

  apply(): void {
    const { epoch } = this.durable.record;
    const runId = `r${++this.#runs}`;
    const request = { kind: "apply", runId, requestHash: runId, expectedEpoch: epoch } as const;
    this.take({ ...request, earlier: this.durable.runs.get(runId) ?? null });
  }

  lease(request: LeaseRequest): LeaseAnswer | undefined {
    return this.take({ kind: "ask", request })?.find((effect) => effect.kind === "lease")?.answer;
  }

  snapshot(): WorldSnapshot {
    const { record, entries, stateHash } = this.durable;
    const { phase, epoch, sequence, killed } = record;
    return { phase, epoch, sequence, killed: killed !== null, entries, stateHash, drainReduceOnly: true };
  }

  /** After the heal: an operator looks every half second, opens the world, and has one more change applied. */
  settle(): void {
    let applied = false;
    const look = (): void => {
      const { record } = this.durable;
      this.ask(() => {
        if (isApplying(record)) return;
        if (record.killed !== null) this.take({ kind: "revive", actor: "op", reason: "all is well" });
        else if (record.phase === "ROLLED_BACK") {
          this.take({ kind: "unfreeze", actor: "op", reason: "all is well", expectedEpoch: record.epoch });
        } else if (!applied) {
          applied = true;
          this.apply();
        }
      });
      this.#system.at(this.#system.nowMs + 500, look);
    };
    look();
  }

  take(input: WorldInput): readonly WorldEffect[] | undefined {
    if (this.#inDoubt && this.#mutant.forgetsDoubtfulWrites !== true) {
      this.#state = { ...this.#state, record: this.durable.record };
      this.#inDoubt = false;
    }
    let step;
    try {
      step = stepWorld(this.#state, input, this.process.monotonicMs(), this.#rules);
    } catch (error) {
      if (error instanceof QmtlError) return undefined; // an apply is in flight, or it was based on an older epoch
      throw error;
    }
    const persist = step.effects.find((effect) => effect.kind === "persist");
    if (persist !== undefined && !this.#write(persist)) return undefined;
    this.#state = step.state;
    if (persist !== undefined) {
      this.process.reach("committed");
      this.#publish();
      this.#goOnAfter(300 * this.#system.draw(7, this.durable.record.epoch, this.durable.record.sequence));
    }
    if (input.kind === "acknowledge" || (input.kind === "ask" && input.request.closedEpoch > 0)) this.#goOnAfter(0);
    const wake = step.effects.find((effect) => effect.kind === "wake");
    if (wake !== undefined) this.#goOnAfter(Math.max(0, wake.atMs - this.process.monotonicMs()));
    return step.effects;
  }

  #start(): void {
    if (this.process.life > 1) {
      this.#inDoubt = false;
      this.#state = restoreWorld(this.durable.record, this.process.monotonicMs(), this.#rules);
      for (const holder of this.holders) this.#disconnect(holder);
    }
    this.#publish();
    this.#goOnAfter(0);
  }

  #fail(): void {
    const { run } = this.#state.record;
    if (run !== null) this.take({ kind: "fail", runId: run.runId, error: "no room", entryEvents: 1 });
  }

  #goOnAfter(delayMs: number): void {
    if (!isApplying(this.#state.record)) return;
    this.process.after(delayMs, () => {
      if (isApplying(this.#state.record)) this.take({ kind: "advance", entryEvents: 1 });
    });
  }

  #write(persist: Persist): boolean {
    this.process.reach("begin");
    if (persist.before !== this.durable.record) {
      // Another has written, as far as this process can tell: it must not go on from what it believes.
      this.#inDoubt = true;
      return false;
    }
    try {
      this.process.write(() => this.#commit(persist));
      return true;
    } catch (error) {
      if (!(error instanceof WriteFailed)) throw error;
      this.#inDoubt = true;
      this.process.after(retryMs, () => this.take({ kind: "advance", entryEvents: 1 }));
      return false;
    }
  }

  #commit({ transition, before, record }: Persist): void {
    const { durable } = this;
    const entry =
      transition === "change" || transition === "switch" || transition === "rollback"
        ? entryOf(
            strategyIds[this.#draw(record, 3)]!,
            (["active", "active", "draining", "inactive"] as const)[this.#draw(record, 4)]!,
          )
        : undefined;
    if (entry !== undefined) {
      durable.entries = durable.entries.map((other) => (other.strategyId === entry.strategyId ? entry : other));
      durable.stateHash = activationStateHash(activationTable(durable.entries));
    }
    const { phase, epoch, killed } = record;
    for (let sequence = before.sequence + 1; sequence <= record.sequence; sequence++) {
      const event = { version: 1, phase, epoch, sequence, killed: killed !== null, stateHash: durable.stateHash };
      durable.outbox.push({ ...event, ...(entry !== undefined && sequence === before.sequence + 1 && { entry }) });
    }
    durable.record = record;
    if (record.run !== null) durable.runs.set(record.run.runId, record.run);
    this.#oracle.committed(before, record, durable.entries);
  }

  #draw({ sequence }: WorldRecord, n: number): number {
    return Math.floor(n * this.#system.draw(8, sequence, n));
  }

  // ---- events: at least once and in order from here, through a short queue for each holder

  #publish(): void {
    const { durable } = this;
    const { outbox } = durable;
    for (const event of outbox.slice(durable.published)) for (const holder of this.holders) this.#offer(holder, event);
    this.process.reach("published");
    durable.published = outbox.length;
  }

  #offer(holder: SimulatedHolder, event: ActivationEvent): void {
    const waiting = this.#waiting.get(holder) ?? [];
    this.#waiting.set(holder, waiting);
    if (waiting.length >= eventsWaitingMax) {
      if (this.#mutant.fullQueueDrops === true) return;
      // It cannot keep up: it is told so, and comes back for a snapshot.
      return this.#disconnect(holder);
    }
    if (waiting.push(event) === 1) this.process.after(20, () => this.#flush(holder));
  }

  #disconnect(holder: SimulatedHolder): void {
    this.#waiting.set(holder, []);
    this.#oracle.disconnected(holder);
    this.#system.send(this.process, holder.process, () => holder.take({ kind: "disconnected" }));
  }

  #flush(holder: SimulatedHolder): void {
    const event = this.#waiting.get(holder)?.shift();
    if (event === undefined) return;
    this.#oracle.onWire(holder, event);
    this.#system.send(this.process, holder.process, () => holder.take({ kind: "event", event }));
    this.process.after(20, () => this.#flush(holder));
  }
}

function entryOf(strategyId: string, how: "active" | "draining" | "inactive"): ActivationEntry {
  const drain = how === "draining";
  return { strategyId, side: "long", active: how !== "inactive", weight: 1, freeze: false, drain, effectiveMode: null };
}

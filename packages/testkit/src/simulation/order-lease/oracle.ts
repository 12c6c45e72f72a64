import { activationOf, type ActivationEntry } from "@qmtl/policy/activation";
import {
  closedBecause,
  type ActivationEvent,
  type GateEffect,
  type GateInput,
  type LeavingOrder,
} from "@qmtl/policy/order-gate";
import { clockDriftMax, isFinished, leaseTtlMs, type WorldPhase, type WorldRecord } from "@qmtl/policy/world-protocol";
import type { FaultySystem } from "../faulty-system.ts";
import { InvariantBroken } from "../seeds.ts";
import { exposureMax, type SimulatedHolder } from "./simulated-holder.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

interface Grant {
  readonly epoch: number;
  /** True time at which the holder asked. */
  readonly askedAtMs: number;
  readonly decisionExpiresInMs: number;
}

/** What is true of one life of a holder, whatever it believes itself. */
interface Life {
  readonly grants: Grant[];
  disconnectedAtMs: number;
  snapshotAtMs: number;
  highWater: number;
}

/** Milliseconds by which a product of clock and rate may be off. */
const rounding = 1e-6;

/** Phases from which the next may come (W-3). */
const follows: Readonly<Record<WorldPhase, readonly WorldPhase[]>> = {
  ACTIVE: ["ACTIVE", "FREEZING"],
  FREEZING: ["FREEZING", "FROZEN"],
  FROZEN: ["FROZEN", "SWITCHED", "ROLLED_BACK"],
  SWITCHED: ["SWITCHED", "ACTIVE", "ROLLED_BACK"],
  ROLLED_BACK: ["ROLLED_BACK", "ACTIVE", "FREEZING"],
};

/** Sees everything, with true time, and knows none of the rules that it judges. */
export class Oracle {
  readonly #system: FaultySystem;
  readonly #lives = new Map<SimulatedHolder, Life>();
  readonly #onWire = new Map<SimulatedHolder, number>();
  /** Entries as they stood at a sequence, and what its event said (W-1). */
  readonly #entriesAt = new Map<number, readonly ActivationEntry[]>();
  readonly #bodies = new Map<number, ActivationEvent>();
  #world: SimulatedWorld | undefined;
  #holders: readonly SimulatedHolder[] = [];
  #killedAtMs: number | undefined;
  #ordersLeft = 0;
  #freezes = 0;
  readonly #ran = new Set<string>();

  constructor(system: FaultySystem) {
    this.#system = system;
  }

  watch(world: SimulatedWorld, holders: readonly SimulatedHolder[]): void {
    this.#world = world;
    this.#holders = holders;
    this.#entriesAt.set(0, world.durable.entries);
  }

  get counts(): { readonly ordersLeft: number; readonly freezes: number } {
    return { ordersLeft: this.#ordersLeft, freezes: this.#freezes };
  }

  // ---- the holder's side

  started(holder: SimulatedHolder): void {
    const { nowMs } = this.#system;
    this.#lives.set(holder, {
      grants: [],
      disconnectedAtMs: nowMs,
      snapshotAtMs: Number.NEGATIVE_INFINITY,
      highWater: 0,
    });
  }

  granted(holder: SimulatedHolder, life: number, grant: Grant): void {
    if (holder.process.life === life && holder.process.isUp) this.#lives.get(holder)!.grants.push(grant);
  }

  heard(holder: SimulatedHolder, input: GateInput): void {
    const life = this.#lives.get(holder)!;
    const { nowMs } = this.#system;
    if (input.kind === "disconnected") life.disconnectedAtMs = nowMs;
    if (input.kind === "snapshot") life.snapshotAtMs = nowMs;
    if (input.kind === "reply") life.highWater = Math.max(life.highWater, input.reply.highWater);
  }

  stepped(holder: SimulatedHolder, input: GateInput, effects: readonly GateEffect[]): void {
    const opened = effects.some((effect) => effect.kind === "opened");
    if (opened && input.kind !== "reply" && input.kind !== "event" && input.kind !== "revive") {
      throw this.#broken("OG-5", `${holder.name} opened on a ${input.kind}`);
    }
  }

  /** An order has left. */
  left(holder: SimulatedHolder, order: LeavingOrder): void {
    this.#ordersLeft += 1;
    this.couldLeave(holder, order);
    const { name, exposure } = holder;
    if (exposure > exposureMax)
      throw this.#broken("OG-8", `${name} has ${exposure} at stake, of ${exposureMax} allowed`);
  }

  /** An order could leave in this instant. */
  couldLeave(holder: SimulatedHolder, order: LeavingOrder): void {
    const { record } = this.#world!.durable;
    const { nowMs } = this.#system;
    const { rate } = holder.process;
    if (record.phase !== "ACTIVE" && record.phase !== "FREEZING") {
      throw this.#broken("OG-3", `${holder.name} may send in phase ${record.phase}, epoch ${record.epoch}`);
    }
    const life = this.#lives.get(holder)!;
    const grant = life.grants.findLast(
      ({ epoch, askedAtMs, decisionExpiresInMs }) =>
        epoch === order.epoch && (nowMs - askedAtMs) * rate < Math.min(leaseTtlMs, decisionExpiresInMs) + rounding,
    );
    if (grant === undefined) {
      throw this.#broken(
        "OG-1",
        `${holder.name} may send in epoch ${order.epoch} without a lease and a decision that stand`,
      );
    }
    if (!(life.snapshotAtMs >= life.disconnectedAtMs)) {
      throw this.#broken("OG-4", `${holder.name} may send without a snapshot since its stream began`);
    }
    if (!((holder.gate.view?.sequence ?? -1) >= life.highWater)) {
      throw this.#broken("OG-1", `${holder.name} may send though it knows that news is missing`);
    }
    if (holder.isKilled) throw this.#broken("OG-7", `${holder.name} may send though it was killed on the spot`);
    if (this.#killedAtMs !== undefined && nowMs - this.#killedAtMs > leaseTtlMs * (1 + clockDriftMax) + rounding) {
      throw this.#broken("OG-7", `${holder.name} may send ${nowMs - this.#killedAtMs} ms after the world was killed`);
    }
    const activation = activationOf(this.#entryOf(holder, order.strategyId));
    if (activation !== "active" && !(activation === "draining" && order.reduceOnly)) {
      throw this.#broken("OG-6", `${holder.name} may send though its entry is ${activation}`);
    }
  }

  // The table of the world at the point that the holder has come to.
  #entryOf(holder: SimulatedHolder, strategyId: string): ActivationEntry | undefined {
    const entries = this.#entriesAt.get(holder.gate.view?.sequence ?? -1);
    return entries?.find((entry) => entry.strategyId === strategyId);
  }

  // ---- the service's side

  committed(before: WorldRecord, after: WorldRecord, entries: readonly ActivationEntry[]): void {
    this.#freezes += after.phase === "FROZEN" && before.phase !== "FROZEN" ? 1 : 0;
    for (let sequence = before.sequence + 1; sequence <= after.sequence; sequence++)
      this.#entriesAt.set(sequence, entries);
    const steps = (["epoch", "sequence"] as const).filter((name) => !(after[name] >= before[name]));
    if (steps.length > 0) throw this.#broken("W-1", `${steps.join(" and ")} went back`);
    const isNewEpoch =
      (after.phase === "FREEZING" && before.phase !== "FREEZING") ||
      (after.phase === "ACTIVE" && before.phase !== "ACTIVE") ||
      (after.killed === null) !== (before.killed === null);
    if (isNewEpoch && !(after.epoch > before.epoch)) throw this.#broken("W-1", `epoch ${after.epoch} is used twice`);
    if (!follows[before.phase].includes(after.phase)) {
      throw this.#broken("W-3", `${after.phase} follows ${before.phase}`);
    }
    this.#checkRun(before, after);
    if (after.killed === null) this.#killedAtMs = undefined;
    else this.#killedAtMs ??= this.#system.nowMs;
    if (after.phase === "FROZEN" && before.phase === "FREEZING") this.#checkAllClosed(after.epoch);
  }

  #checkRun({ run: before }: WorldRecord, { run: after }: WorldRecord): void {
    if (after === null || after.runId === before?.runId) return;
    if (before !== null && !isFinished(before))
      throw this.#broken("W-2", `${after.runId} began before ${before.runId} ended`);
    if (this.#ran.has(after.runId)) throw this.#broken("W-2", `${after.runId} began twice`);
    this.#ran.add(after.runId);
  }

  #checkAllClosed(epoch: number): void {
    const { nowMs } = this.#system;
    for (const holder of this.#holders) {
      if (!holder.process.isUp || holder.gate.closedEpoch >= epoch) continue;
      const open = this.#lives
        .get(holder)!
        .grants.find(
          (grant) => grant.epoch < epoch && (nowMs - grant.askedAtMs) * holder.process.rate < leaseTtlMs - rounding,
        );
      if (open === undefined) continue;
      const leftMs = leaseTtlMs - (nowMs - open.askedAtMs) * holder.process.rate;
      throw this.#broken(
        "OG-2",
        `frozen(${epoch}) was committed; ${holder.name} has not closed, its lease runs ${leftMs.toFixed(1)} ms more`,
      );
    }
  }

  // ---- the stream (safety §4)

  onWire(holder: SimulatedHolder, event: ActivationEvent): void {
    const { sequence } = event;
    const last = this.#onWire.get(holder);
    if (last !== undefined && sequence > last + 1) {
      throw this.#broken("§4", `events ${last + 1} to ${sequence - 1} were dropped and ${holder.name} was not told`);
    }
    this.#onWire.set(holder, Math.max(last ?? 0, sequence));
    const known = this.#bodies.get(sequence);
    if (known !== undefined && known !== event) throw this.#broken("W-1", `sequence ${sequence} names two events`);
    this.#bodies.set(sequence, event);
  }

  disconnected(holder: SimulatedHolder): void {
    this.#onWire.delete(holder);
  }

  // ---- the end

  checkConverged(): void {
    const { record } = this.#world!.durable;
    const { phase, epoch, run } = record;
    if (phase !== "ACTIVE" || record.killed !== null || run?.stage !== "completed") {
      throw this.#broken(
        "W-3",
        `after the heal the world is in phase ${phase}, its apply ${run?.stage ?? "never began"}`,
      );
    }
    for (const { name, gate, process } of this.#holders) {
      const closed = closedBecause(gate, process.monotonicMs());
      if (closed !== undefined || gate.view?.epoch !== epoch) {
        throw this.#broken(
          "OG-4",
          `after the heal ${name} stays closed (${closed ?? "another epoch"}), view ${gate.view?.epoch}, world ${epoch}`,
        );
      }
    }
  }

  #broken(invariant: string, message: string): InvariantBroken {
    return new InvariantBroken(invariant, `${message}, at ${this.#system.nowMs.toFixed(1)} ms`);
  }
}

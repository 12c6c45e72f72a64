import { QmtlError, type Clock } from "@qmtl/core";
import type { ActivationEntry, EffectiveMode } from "@qmtl/policy/activation";
import {
  createWorld,
  isApplying,
  isFinished,
  leaseTtlMs,
  restoreWorld,
  stepWorld,
  type LeaseAnswer,
  type LeaseRequest,
  type RunRecord,
  type WorldEffect,
  type WorldInput,
  type WorldProtocolState,
  type WorldRecord,
} from "@qmtl/policy/world-protocol";
import type { Logger } from "@qmtl/service/logging";
import type { Asked, Change, WorldStore } from "../store/world-store.ts";
import { fenced } from "../store/world-store.ts";
import { readWorld, type WorldState } from "../store/world-state.ts";
import { decisionOf, decisionTtlMs } from "./decision-envelope.ts";
import type { WorldMetrics } from "./world-metrics.ts";
import type { RunTarget } from "./run-target.ts";
import { StoredRun } from "./stored-run.ts";
import { carryOut, changesOf } from "./world-transitions.ts";

export interface WorldProtocolOptions {
  readonly store: WorldStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WorldMetrics;
}

export interface ApplyOrder {
  readonly runId: string;
  readonly expectedEpoch: number;
  /** What the run is to make of the world; asked only when it really begins. */
  readonly plan: (world: WorldState) => Promise<RunTarget>;
}

/** A granted or refused lease, with what the order gate needs beside it. */
export interface LeaseReply extends LeaseAnswer {
  readonly mode: EffectiveMode;
  readonly stateHash: string;
  readonly decisionExpiresInMs: number;
}

type Persist = Extract<WorldEffect, { kind: "persist" }>;

/**
 * The shell around the world protocol: leases and acknowledgements in memory, everything else in one transaction per
 * step. What was begun goes on after a restart from whatever step the store holds.
 */
export class WorldProtocolService {
  readonly #store: WorldStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: WorldMetrics;
  readonly #states = new Map<string, WorldProtocolState>();
  /** Worlds whose last transaction failed, or was said to: what the store holds is to be read again. */
  readonly #doubtful = new Set<string>();
  readonly #wakes = new Map<string, () => void>();
  readonly #waiting = new Map<string, Set<() => void>>();
  #startedAtMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor({ store, clock, logger, metrics }: WorldProtocolOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** Takes over the database, and goes on with every apply that has not ended. */
  async start(): Promise<void> {
    await this.#store.claim();
    this.#startedAtMs = this.#clock.monotonicMs();
    const rows = await this.#store.database
      .selectFrom("world_runs")
      .select("world_id")
      .where("in_flight", "=", 1)
      .execute();
    for (const { world_id } of rows) void this.#goOn(world_id);
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#wakes.values()) cancel();
    this.#wakes.clear();
    // Whoever waits for an end is told how far it has come.
    for (const waiting of this.#waiting.values()) for (const tell of waiting) tell();
  }

  /** A world that was created just now: no lease of it can be out. */
  created(record: WorldRecord): void {
    this.#states.set(record.worldId, createWorld(record));
  }

  /** A world that was deleted, or has come back: its record is another one, its leases are still out. */
  reread(worldId: string): void {
    this.#doubtful.add(worldId);
  }

  /** @throws QmtlError `WORLD_NOT_FOUND`, `FENCED` */
  async lease(worldId: string, request: LeaseRequest): Promise<LeaseReply> {
    return this.#store.turn(worldId, async () => {
      const world = await this.#store.current(worldId); // checks that no other process grants leases
      const effects = await this.#take(worldId, { kind: "ask", request });
      const lease = effects.find((effect) => effect.kind === "lease");
      if (lease?.kind !== "lease") throw new Error("internal: a question without an answer");
      if (request.closedEpoch > 0) this.#goOnSoon(worldId);
      if (lease.answer.refusal === "epoch_ahead") {
        this.#logger.error("a holder has seen an epoch that the store does not know", {
          world_id: worldId,
          holder: request.holder,
          seen_epoch: request.seenEpoch,
          epoch: lease.answer.epoch,
        });
      }
      const mode = decisionOf(world).effective_mode;
      return { ...lease.answer, mode, stateHash: world.stateHash, decisionExpiresInMs: decisionTtlMs };
    });
  }

  /** @throws QmtlError `WORLD_NOT_FOUND` */
  async acknowledge(worldId: string, ack: { holder: string; incarnation: string; closedEpoch: number }): Promise<void> {
    await this.#store.turn(worldId, () => this.#take(worldId, { kind: "acknowledge", ...ack }));
    this.#goOnSoon(worldId);
  }

  /** Holders whose lease has not ended. */
  leases(worldId: string): number {
    const nowMs = this.#clock.monotonicMs();
    return [...(this.#states.get(worldId)?.leases.values() ?? [])].filter(({ endsAtMs }) => endsAtMs > nowMs).length;
  }

  /**
   * Begins an apply, or finds the one that has this run id, and waits for its end for at most `waitMs`.
   *
   * @throws QmtlError `IDEMPOTENCY_CONFLICT`, `APPLY_IN_PROGRESS`, `PRECONDITION_FAILED`, and whatever `plan` throws
   */
  async apply(worldId: string, asked: Asked, order: ApplyOrder, waitMs: number): Promise<RunRecord> {
    const run = await this.#store.turn(worldId, async () => {
      const world = await this.#store.current(worldId);
      const { runId, expectedEpoch, plan } = order;
      const earlier = (await this.#run(worldId, runId)) ?? null;
      const input = { kind: "apply", runId, requestHash: asked.requestHash, expectedEpoch, earlier } as const;
      // Asked beforehand, for a plan reads the database, which inside the transaction would wait for itself.
      const begins = stepWorld(await this.#state(worldId), input, this.#clock.monotonicMs()).effects.some(
        (effect) => effect.kind === "persist",
      );
      const target = begins ? await plan(world) : undefined;
      const effects = await this.#take(worldId, input, asked, "apply_stage", (change, { record }) => {
        change.note({ stage: "freezing", run_id: runId });
        return carryOut(change, {
          transition: "freeze",
          record,
          asked,
          runId,
          ...(target !== undefined && { target }),
        });
      });
      const found = effects.find((effect) => effect.kind === "run");
      if (found?.kind !== "run") throw new Error("internal: an apply without a run");
      return found.run;
    });
    if (isFinished(run)) return run;
    const ended = this.#ended(worldId, run.runId, waitMs);
    await this.#goOn(worldId);
    await ended;
    return (await this.#run(worldId, run.runId)) ?? run;
  }

  unfreeze(worldId: string, asked: Asked, reason: string, expectedEpoch: number): Promise<WorldState> {
    const input = { kind: "unfreeze", actor: asked.actor, reason, expectedEpoch } as const;
    return this.#simple(worldId, asked, input, "world_unfrozen");
  }

  kill(worldId: string, asked: Asked, reason: string): Promise<WorldState> {
    return this.#simple(worldId, asked, { kind: "kill", actor: asked.actor, reason }, "world_killed");
  }

  revive(worldId: string, asked: Asked, reason: string): Promise<WorldState> {
    return this.#simple(worldId, asked, { kind: "revive", actor: asked.actor, reason }, "world_revived");
  }

  /** Writes entries outside an apply. @throws QmtlError `APPLY_IN_PROGRESS`, and whatever `choose` throws */
  async changeActivation(
    worldId: string,
    asked: Asked,
    choose: (world: WorldState) => readonly ActivationEntry[],
    runId: string,
  ): Promise<WorldState> {
    return this.#store.turn(worldId, async () => {
      const entries = choose(await this.#store.current(worldId));
      const input = { kind: "change", events: entries.length } as const;
      await this.#take(worldId, input, asked, "activation_updated", (change, { record }) =>
        carryOut(change, { transition: "change", record, asked, runId, entries }),
      );
      return this.#store.current(worldId);
    });
  }

  /** A change that may leave the world with less than its leases say; then they end. */
  async changeAndRecall<Result>(
    worldId: string,
    asked: Asked,
    action: string,
    recalls: (world: WorldState) => boolean,
    work: (change: Change) => Promise<Result>,
  ): Promise<WorldState> {
    return this.#store.turn(worldId, async () => {
      if (!recalls(await this.#store.current(worldId))) {
        return (await this.#store.change(worldId, asked, action, work)).world;
      }
      await this.#take(worldId, { kind: "recall" }, asked, action, async (change, { record }) => {
        await work(change);
        await carryOut(change, { transition: "recall", record, asked, runId: "" });
      });
      return this.#store.current(worldId);
    });
  }

  // ---- steps

  #simple(worldId: string, asked: Asked, input: WorldInput, action: string): Promise<WorldState> {
    return this.#store.turn(worldId, async () => {
      await this.#store.current(worldId);
      await this.#take(worldId, input, asked, action, (change, { record, transition, cause }) => {
        if (cause !== null) change.note({ reason: cause.reason });
        return carryOut(change, { transition, record, asked, runId: "" });
      });
      return this.#store.current(worldId);
    });
  }

  /** One step of the reducer; a `persist` is written before the new state is taken. */
  async #take(
    worldId: string,
    input: WorldInput,
    asked?: Asked,
    action = "",
    write?: (change: Change, persist: Persist) => Promise<void>,
  ): Promise<readonly WorldEffect[]> {
    const before = await this.#state(worldId);
    const { state, effects } = stepWorld(before, input, this.#clock.monotonicMs());
    const persist = effects.find((effect) => effect.kind === "persist");
    if (persist?.kind === "persist") {
      if (asked === undefined || write === undefined) throw new Error(`internal: ${input.kind} is not to be written`);
      const change = this.#store.change(worldId, asked, action, async (inside) => {
        requireUnchanged(inside.world.record, persist.before);
        inside.set(changesOf(persist.record));
        await write(inside, persist);
      });
      await change.catch((error: unknown) => {
        this.#doubtful.add(worldId);
        throw error;
      });
    }
    this.#states.set(worldId, state);
    return effects;
  }

  async #state(worldId: string): Promise<WorldProtocolState> {
    const known = this.#states.get(worldId);
    if (known !== undefined && !this.#doubtful.has(worldId)) return known;
    const { record } = await readWorld(this.#store.database, worldId);
    // The leases this process has granted are out whatever became of a transaction.
    const state = known === undefined ? restoreWorld(record, this.#startedAtMs) : { ...known, record };
    this.#states.set(worldId, state);
    this.#doubtful.delete(worldId);
    return state;
  }

  // ---- an apply on its way

  #goOnSoon(worldId: string): void {
    const state = this.#states.get(worldId);
    if (state === undefined || !isApplying(state.record)) return;
    const [next] = stepWorld(state, { kind: "advance" }, this.#clock.monotonicMs()).effects;
    // Others have not closed yet; the clock is set for when their leases end.
    if (next?.kind === "wake" && this.#wakes.has(worldId)) return;
    void this.#goOn(worldId);
  }

  async #goOn(worldId: string): Promise<void> {
    if (this.#stopped) return;
    try {
      await this.#drive(worldId);
    } catch (error) {
      if (error instanceof QmtlError && error.code === "FENCED") {
        this.#logger.error("another WorldService has taken over; this one stops", { world_id: worldId });
        return this.stop();
      }
      this.#logger.error("an apply cannot go on for now", { world_id: worldId, error });
      this.#wake(worldId, this.#clock.monotonicMs() + retryMs);
    }
  }

  async #drive(worldId: string): Promise<void> {
    const ended = await this.#store.turn(worldId, async () => {
      for (;;) {
        if (this.#stopped) return undefined;
        const { record } = await this.#state(worldId);
        const stored = record.run === null ? undefined : await this.#run(worldId, record.run.runId);
        if (stored === undefined || isFinished(stored)) return stored;
        const effects = await this.#advance(worldId, record, stored);
        const wake = effects.find((effect) => effect.kind === "wake");
        if (wake?.kind === "wake") {
          this.#wake(worldId, wake.atMs);
          return undefined;
        }
      }
    });
    if (ended === undefined) return;
    for (const tell of this.#waiting.get(waitKey(worldId, ended.runId)) ?? []) tell();
  }

  async #advance(worldId: string, record: WorldRecord, run: StoredRun): Promise<readonly WorldEffect[]> {
    const { asked, runId } = run;
    const world = await this.#store.current(worldId);
    const write = (change: Change, persist: Persist): Promise<void> => {
      change.note({ stage: persist.record.run?.stage, run_id: runId });
      return carryOut(change, { transition: persist.transition, record: persist.record, asked, runId, run });
    };
    try {
      const entryEvents = run.entriesToSwitch(world).length;
      const effects = await this.#take(worldId, { kind: "advance", entryEvents }, asked, "apply_stage", write);
      this.#measure(effects, run);
      return effects;
    } catch (error) {
      if (record.phase === "FREEZING" || isPassing(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      this.#logger.error("an apply has failed and is rolled back", { world_id: worldId, run_id: runId, error });
      this.#metrics.applyFailed(worldId, record.run?.stage ?? "unknown");
      const entryEvents = run.entriesToRestore(world).length;
      const input = { kind: "fail", runId, error: message, entryEvents } as const;
      const effects = await this.#take(worldId, input, asked, "apply_stage", write);
      this.#measure(effects, run);
      return effects;
    }
  }

  #measure(effects: readonly WorldEffect[], run: StoredRun): void {
    for (const effect of effects) {
      if (effect.kind !== "run" || !isFinished(effect.run)) continue;
      this.#metrics.applied(run.worldId, effect.run.stage, this.#clock.nowMs() - run.startedMs, run.counts);
    }
  }

  #wake(worldId: string, atMs: number): void {
    this.#wakes.get(worldId)?.();
    if (this.#stopped) return;
    const delayMs = Math.max(1, Math.ceil(atMs - this.#clock.monotonicMs()));
    const cancel = this.#clock.after(Math.min(delayMs, 2 * leaseTtlMs), () => {
      this.#wakes.delete(worldId);
      void this.#goOn(worldId);
    });
    this.#wakes.set(worldId, cancel);
  }

  /** Resolves when the run has ended, and after `waitMs` at the latest. */
  #ended(worldId: string, runId: string, waitMs: number): Promise<void> {
    const key = waitKey(worldId, runId);
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
    return new Promise((resolve) => {
      const tell = (): void => {
        cancel();
        waiting.delete(tell);
        if (waiting.size === 0) this.#waiting.delete(key);
        resolve();
      };
      const cancel = this.#clock.after(waitMs, tell);
      waiting.add(tell);
    });
  }

  async #run(worldId: string, runId: string): Promise<StoredRun | undefined> {
    const row = await this.#store.database
      .selectFrom("world_runs")
      .selectAll()
      .where("world_id", "=", worldId)
      .where("run_id", "=", runId)
      .executeTakeFirst();
    return row === undefined ? undefined : new StoredRun(row);
  }
}

const retryMs = 250;

function waitKey(worldId: string, runId: string): string {
  return JSON.stringify([worldId, runId]);
}

// The store may work again, or belongs to somebody else: no reason to undo anything.
function isPassing(error: unknown): boolean {
  return error instanceof QmtlError && (error.code === "STORE_FAILED" || error.code === "FENCED");
}

function requireUnchanged(found: WorldRecord, expected: WorldRecord): void {
  const same =
    found.epoch === expected.epoch &&
    found.sequence === expected.sequence &&
    found.phase === expected.phase &&
    found.run?.stage === expected.run?.stage;
  if (!same) throw fenced();
}

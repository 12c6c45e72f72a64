import { blake3Text, QmtlError, sortedAsciiJson, type Clock, type EpochMs } from "@qmtl/core";
import { appendAudit, appendOutbox, nextCount, type OutboxEvent } from "@qmtl/store";
import type { Kysely, Updateable } from "kysely";
import { decisionOf, type WorldDecision } from "../domain/decision-envelope.ts";
import type { WorldTables } from "./tables.ts";
import { digestOf, readWorld, type WorldState } from "./world-state.ts";

/** Who asks for a change, and for which. */
export interface Asked {
  readonly actor: string;
  readonly correlationId: string;
  readonly requestHash: string;
}

/** One change of a world, inside its transaction. */
export interface Change {
  readonly transaction: Kysely<WorldTables>;
  readonly world: WorldState;
  readonly nowMs: EpochMs;
  /** Columns of the world's row. */
  readonly set: (values: Updateable<WorldTables["worlds"]>) => void;
  readonly publish: (...events: OutboxEvent[]) => void;
  /** For the audit row. */
  readonly note: (details: Readonly<Record<string, unknown>>) => void;
}

export interface WorldStoreOptions {
  readonly database: Kysely<WorldTables>;
  readonly clock: Clock;
  /** Called after a commit that left events in the outbox. */
  readonly onEvents: () => void;
  /** Named moments, for tests that end the process there. */
  readonly at: (moment: string) => void;
}

/**
 * Worlds in the database. Changes of one world take turns; each is one transaction with its audit row and its events
 * (W-6). One process owns the database at a time: the one that started last. An older one finds itself fenced.
 */
export class WorldStore {
  readonly database: Kysely<WorldTables>;
  readonly #options: WorldStoreOptions;
  readonly #turns = new Map<string, Promise<unknown>>();
  /** What the last transaction has left behind. Only this process writes, so it holds until the next one. */
  readonly #known = new Map<string, WorldState>();
  /** Changes begun and ended, by world: odd while one is under way. */
  readonly #generations = new Map<string, number>();
  #owner = 0;

  constructor(options: WorldStoreOptions) {
    this.database = options.database;
    this.#options = options;
  }

  /** Makes this process the owner. Whatever another one grants from now on, it grants in vain. */
  async claim(): Promise<void> {
    this.#owner = await this.database.transaction().execute((transaction) => nextCount(transaction, ownerCounter));
  }

  async isOwner(database = this.database): Promise<boolean> {
    const row = await database
      .selectFrom("store_counters")
      .select("value")
      .where("name", "=", ownerCounter)
      .executeTakeFirst();
    return row?.value === this.#owner;
  }

  /**
   * A world as it stands.
   *
   * @throws QmtlError `WORLD_NOT_FOUND`, `FENCED`
   */
  async current(worldId: string): Promise<WorldState> {
    if (!(await this.isOwner())) throw fenced();
    for (;;) {
      const known = this.#known.get(worldId);
      if (known !== undefined) return known;
      const generation = this.#generationOf(worldId);
      const world = await readWorld(this.database, worldId);
      // Several queries, and a change between them: parts of two states.
      if (this.#generationOf(worldId) !== generation) continue;
      if (generation % 2 === 0) this.#remember(worldId, world);
      return world;
    }
  }

  /** A world that has just been created, or is no longer there. */
  forget(worldId: string): void {
    this.#known.delete(worldId);
  }

  #generationOf(worldId: string): number {
    return this.#generations.get(worldId) ?? 0;
  }

  #nextGeneration(worldId: string): void {
    this.#generations.set(worldId, this.#generationOf(worldId) + 1);
  }

  #remember(worldId: string, world: WorldState): void {
    this.#known.delete(worldId);
    this.#known.set(worldId, world);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= knownMax) return;
      this.#known.delete(oldest);
    }
  }

  /** Runs `work` when all that was asked of this world before has ended. */
  turn<Result>(worldId: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(worldId) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(worldId, settled);
    void settled.then(() => this.#turns.get(worldId) === settled && this.#turns.delete(worldId));
    return mine;
  }

  /** Resolves when every turn that was asked for has ended. */
  async idle(): Promise<void> {
    while (this.#turns.size > 0) await Promise.all(this.#turns.values());
  }

  /**
   * A change of a world that is there. To be called within a turn.
   *
   * @throws QmtlError `WORLD_NOT_FOUND`, `FENCED`, `STORE_FAILED`
   */
  async change<Result>(
    worldId: string,
    asked: Asked,
    action: string,
    work: (change: Change) => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly world: WorldState }> {
    const { clock, at } = this.#options;
    const nowMs = clock.nowMs();
    let events: readonly OutboxEvent[] = [];
    at(`${action}:begin`);
    // Until the commit is known to have succeeded, nothing is known.
    this.forget(worldId);
    this.#nextGeneration(worldId);
    const committed = this.database.transaction().execute(async (transaction) => {
      if (!(await this.isOwner(transaction))) throw fenced();
      const before = await readWorld(transaction, worldId);
      const values: Updateable<WorldTables["worlds"]> = {};
      const details: Record<string, unknown> = {};
      const outbox: OutboxEvent[] = [];
      const result = await work({
        transaction,
        world: before,
        nowMs,
        set: (more) => void Object.assign(values, more),
        publish: (...more) => void outbox.push(...more),
        note: (more) => void Object.assign(details, more),
      });
      const beforeHash = await digestOf(transaction, before);
      const revision = before.row.revision + 1;
      await transaction
        .updateTable("worlds")
        .set({ ...values, revision, updated_ms: nowMs })
        .where("id", "=", worldId)
        .execute();
      const deleted = values.state === "DELETED";
      const after = deleted ? undefined : await readWorld(transaction, worldId);
      if (after !== undefined) await logDecision(transaction, before, after, nowMs);
      await appendAudit(transaction, {
        scope: worldId,
        atMs: nowMs,
        ...asked,
        action,
        outcome: "committed",
        beforeHash,
        ...(after === undefined ? {} : { afterHash: await digestOf(transaction, after) }),
        details,
      });
      await appendOutbox(transaction, outbox, nowMs);
      events = outbox;
      at(`${action}:inside`);
      return { result, world: after ?? before, deleted };
    });
    const done = await committed.finally(() => this.#nextGeneration(worldId));
    if (done.deleted) this.forget(worldId);
    else this.#remember(worldId, done.world);
    at(`${action}:committed`);
    if (events.length > 0) this.#options.onEvents();
    return done;
  }

  /** Writes down that something was asked for and refused. */
  async refuse(worldId: string, asked: Asked, action: string, error: QmtlError): Promise<void> {
    const atMs = this.#options.clock.nowMs();
    await this.database.transaction().execute(async (transaction) => {
      // Who asks for worlds that are not there must not fill the audit.
      const known = await transaction.selectFrom("worlds").select("id").where("id", "=", worldId).executeTakeFirst();
      if (known === undefined) return;
      const details = { code: error.code, message: error.message };
      await appendAudit(transaction, { scope: worldId, atMs, ...asked, action, outcome: "refused", details });
    });
  }
}

/** Worlds kept in memory; the others are read when they are asked for. */
const knownMax = 1_000;

const ownerCounter = "world/owner";

export function fenced(): QmtlError {
  return new QmtlError("FENCED", "another WorldService has taken over this database", {
    hint: "stop this one; one process serves a database at a time",
  });
}

/** Hash of what was asked for. @throws QmtlError `VALUE_NOT_HASHABLE` */
export function hashOfRequest(request: unknown): string {
  return blake3Text(sortedAsciiJson(request ?? null));
}

async function logDecision(
  transaction: Kysely<WorldTables>,
  before: WorldState,
  after: WorldState,
  nowMs: EpochMs,
): Promise<void> {
  const body = JSON.stringify(decisionOf(after) satisfies WorldDecision);
  const { id: world_id, revision, decided_ms } = after.row;
  if (body === JSON.stringify(decisionOf(before)) && decided_ms === before.row.decided_ms && revision > 1) return;
  await transaction.insertInto("world_decision_log").values({ world_id, revision, decided_ms: nowMs, body }).execute();
}

import { QmtlError, type Clock } from "@qmtl/core";
import { sql, type Kysely, type Selectable } from "kysely";
import { nextCount } from "../counters/index.ts";
import { rowChecksum, verifyRow } from "../database/index.ts";
import { narrowed, type StoreTables } from "../tables/index.ts";

export interface WorkQueueOptions<Tables extends StoreTables> {
  readonly database: Kysely<Tables>;
  readonly clock: Clock;
  /** Name of the queue; a database may have several. */
  readonly queue: string;
  /** How long a claim holds without being renewed; 30 s unless told. */
  readonly leaseMs?: number;
  /** Claims of one item before it goes to the dead letters; 8 unless told. */
  readonly attemptsMax?: number;
  /** Pause after the first failure, doubling with each; 200 ms unless told. */
  readonly firstPauseMs?: number;
  /** 60 s unless told. */
  readonly longestPauseMs?: number;
}

export interface NewWork {
  /** Names the item in its queue: a second one of the same id is not added. */
  readonly id: string;
  /** Items of one key are done one after the other, in the order they were added. */
  readonly key: string;
  /** Text, usually JSON. */
  readonly body: string;
}

/** An item and the right to work on it. */
export interface Claim extends NewWork {
  readonly position: number;
  /** Fencing token: a later claim of the item has a higher one, and this one can then end nothing. */
  readonly token: number;
  /** 1 for the first claim. */
  readonly attempt: number;
  readonly expiresInMs: number;
}

/** What became of an item whose work failed: it is tried again after a pause, or never. */
export type Failure =
  { readonly kind: "retry"; readonly inMs: number } | { readonly kind: "dead"; readonly reason: string };

export interface DeadWork extends NewWork {
  readonly reason: string;
  readonly attempts: number;
  readonly failedMs: number;
}

/**
 * Work that must be done once it is written down (invariants S-1 to S-3): an item is added in the transaction that
 * records the request, claimed with a lease and a token, and ended in the transaction that records the result. Nothing
 * is ever popped: after a crash at any instruction the item is claimed again when its lease has run out.
 */
export class WorkQueue<Tables extends StoreTables> {
  readonly #database: Kysely<StoreTables>;
  readonly #clock: Clock;
  readonly #queue: string;
  readonly #leaseMs: number;
  readonly #attemptsMax: number;
  readonly #firstPauseMs: number;
  readonly #longestPauseMs: number;

  constructor(options: WorkQueueOptions<Tables>) {
    this.#database = narrowed(options.database);
    this.#clock = options.clock;
    this.#queue = options.queue;
    this.#leaseMs = options.leaseMs ?? 30_000;
    this.#attemptsMax = options.attemptsMax ?? 8;
    this.#firstPauseMs = options.firstPauseMs ?? 200;
    this.#longestPauseMs = options.longestPauseMs ?? 60_000;
  }

  /** Adds an item; answers whether it was new. It exists when the transaction has committed. */
  async enqueue(transaction: Kysely<Tables>, { id, key, body }: NewWork): Promise<boolean> {
    const nowMs = this.#clock.nowMs();
    const row = {
      position: await nextCount(transaction, "work"),
      queue: this.#queue,
      id,
      item_key: key,
      body,
      checksum: rowChecksum(this.#queue, id, key, body),
      state: "queued",
      attempts: 0,
      token: 0,
      holder: null,
      claimed_ms: 0,
      lease_expires_ms: 0,
      not_before_ms: 0,
      reason: null,
      enqueued_ms: nowMs,
      updated_ms: nowMs,
    } as const;
    const result = await narrowed(transaction)
      .insertInto("store_work")
      .values(row)
      .onConflict((conflict) => conflict.columns(["queue", "id"]).doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  /**
   * Claims up to `limit` items that are first of their key and due, oldest first. An item whose leases ran out
   * `attemptsMax` times (whoever takes it, dies) goes to the dead letters instead.
   */
  async claim(holder: string, limit = 1): Promise<readonly Claim[]> {
    const found = await this.#due(this.#database, limit);
    if (found.length === 0) return [];
    return this.#database.transaction().execute(async (transaction) => {
      const claims: Claim[] = [];
      for (const row of await this.#due(transaction, limit)) {
        if (row.attempts >= this.#attemptsMax) await this.#bury(transaction, row);
        else claims.push(...(await this.#take(transaction, row, holder)));
      }
      return claims;
    });
  }

  /** Extends a claim. @throws QmtlError `LEASE_LOST` */
  async renew(claim: Claim): Promise<Claim> {
    const nowMs = this.#clock.nowMs();
    const changed = { claimed_ms: nowMs, lease_expires_ms: nowMs + this.#leaseMs, updated_ms: nowMs };
    await this.#change(this.#database, claim, changed);
    return { ...claim, expiresInMs: this.#leaseMs };
  }

  /** Ends the work, in the transaction that records its result. @throws QmtlError `LEASE_LOST` */
  async complete(transaction: Kysely<Tables>, claim: Claim): Promise<void> {
    await this.#change(narrowed(transaction), claim, { state: "done", reason: null, updated_ms: this.#clock.nowMs() });
  }

  /**
   * Gives an item back after a failure: to be tried again, or to the dead letters when it was the last attempt or
   * `permanent` says that no other will do better. @throws QmtlError `LEASE_LOST`
   */
  async fail(
    transaction: Kysely<Tables>,
    claim: Claim,
    failure: { readonly reason: string; readonly permanent?: boolean },
  ): Promise<Failure> {
    const nowMs = this.#clock.nowMs();
    const { reason } = failure;
    if (failure.permanent === true || claim.attempt >= this.#attemptsMax) {
      await this.#change(narrowed(transaction), claim, { state: "dead", reason, updated_ms: nowMs });
      return { kind: "dead", reason };
    }
    const inMs = Math.min(this.#longestPauseMs, this.#firstPauseMs * 2 ** Math.min(claim.attempt - 1, 30));
    const changed = { state: "queued", reason, not_before_ms: nowMs + inMs, updated_ms: nowMs } as const;
    await this.#change(narrowed(transaction), claim, changed);
    return { kind: "retry", inMs };
  }

  /** Oldest first. */
  async deadLetters(limit = 1_000): Promise<readonly DeadWork[]> {
    const rows = await this.#database
      .selectFrom("store_work")
      .selectAll()
      .where("queue", "=", this.#queue)
      .where("state", "=", "dead")
      .orderBy("position")
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      key: row.item_key,
      body: row.body,
      reason: row.reason ?? "",
      attempts: row.attempts,
      failedMs: row.updated_ms,
    }));
  }

  /** Items that are neither done nor dead. */
  async depth(): Promise<number> {
    const { depth } = await this.#database
      .selectFrom("store_work")
      .select((build) => build.fn.countAll<number>().as("depth"))
      .where("queue", "=", this.#queue)
      .where(sql<boolean>`state in ('queued', 'claimed')`)
      .executeTakeFirstOrThrow();
    return Number(depth);
  }

  /** Forgets items that were done before `beforeMs`; their ids may then be used again. */
  async prune(beforeMs: number): Promise<void> {
    await this.#database
      .deleteFrom("store_work")
      .where("queue", "=", this.#queue)
      .where("state", "=", "done")
      .where("updated_ms", "<", beforeMs)
      .execute();
  }

  // A claim made after now was made before the wall clock went back: nobody knows how old it is.
  #due(database: Kysely<StoreTables>, limit: number): Promise<WorkRow[]> {
    const nowMs = this.#clock.nowMs();
    return database
      .selectFrom("store_work as item")
      .selectAll()
      .where("queue", "=", this.#queue)
      .where(sql<boolean>`item.state in ('queued', 'claimed')`) // word for word as in the partial indexes
      .where((build) =>
        build.or([
          build("state", "=", "queued").and("not_before_ms", "<=", nowMs),
          build("state", "=", "claimed").and("lease_expires_ms", "<=", nowMs),
          build("state", "=", "claimed").and("claimed_ms", ">", nowMs),
        ]),
      )
      .where(
        sql<boolean>`not exists (
          select 1 from store_work as earlier
          where earlier.queue = item.queue and earlier.item_key = item.item_key
            and earlier.state in ('queued', 'claimed') and earlier.position < item.position)`,
      )
      .orderBy("position")
      .limit(limit)
      .execute();
  }

  async #take(transaction: Kysely<StoreTables>, row: WorkRow, holder: string): Promise<Claim[]> {
    verifyRow(`item "${row.id}" of the queue`, row.checksum, row.queue, row.id, row.item_key, row.body);
    const nowMs = this.#clock.nowMs();
    const { position, id, item_key: key, body } = row;
    const token = row.token + 1;
    const attempt = row.attempts + 1;
    const lease = { claimed_ms: nowMs, lease_expires_ms: nowMs + this.#leaseMs, updated_ms: nowMs };
    const { numUpdatedRows } = await transaction
      .updateTable("store_work")
      .set({ state: "claimed", token, attempts: attempt, holder, ...lease })
      .where("position", "=", position)
      .where("queue", "=", this.#queue)
      .where("token", "=", row.token)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return []; // on a server another transaction was faster
    return [{ position, id, key, body, token, attempt, expiresInMs: this.#leaseMs }];
  }

  async #bury(transaction: Kysely<StoreTables>, row: WorkRow): Promise<void> {
    const reason = row.reason ?? `its lease ran out ${row.attempts} times`;
    await transaction
      .updateTable("store_work")
      .set({ state: "dead", reason, updated_ms: this.#clock.nowMs() })
      .where("queue", "=", this.#queue)
      .where("position", "=", row.position)
      .where("token", "=", row.token)
      .execute();
  }

  async #change(
    database: Kysely<StoreTables>,
    claim: Claim,
    changed: Partial<Selectable<StoreTables["store_work"]>>,
  ): Promise<void> {
    const { numUpdatedRows } = await database
      .updateTable("store_work")
      .set(changed)
      .where("queue", "=", this.#queue)
      .where("position", "=", claim.position)
      .where("token", "=", claim.token)
      .where("state", "=", "claimed")
      .executeTakeFirst();
    if (numUpdatedRows === 1n) return;
    throw new QmtlError("LEASE_LOST", `the claim ${claim.token} on "${claim.id}" has run out and was taken over`, {
      details: { queue: this.#queue, id: claim.id, token: claim.token },
      hint: "undo what was done for it: another worker has the item now",
    });
  }
}

type WorkRow = Selectable<StoreTables["store_work"]>;

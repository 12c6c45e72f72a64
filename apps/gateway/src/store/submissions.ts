import { QmtlError, type Clock } from "@qmtl/core";
import type { HistoryReport, QueueMap } from "@qmtl/contracts/gateway";
import type { Kysely, Selectable, Transaction } from "kysely";
import {
  acceptedSubmission,
  isFinal,
  stepLifeCycle,
  type LifeCycle,
  type LifeCycleEvent,
  type LifeCycleInput,
  type RetryLimits,
  type Status,
} from "../submission/life-cycle.ts";
import type { GatewayTables, SubmissionEventRow, SubmissionRow } from "./tables.ts";

export type StoredSubmission = Selectable<SubmissionRow>;
export type StoredEvent = Selectable<SubmissionEventRow>;

export type NewSubmission = Pick<
  SubmissionRow,
  | "strategy_id"
  | "dedupe_key"
  | "dag_hash"
  | "dag_json"
  | "node_ids_crc32"
  | "tag_queries"
  | "contexts"
  | "meta"
  | "subject"
  | "correlation_id"
  | "sentinel_id"
> & { readonly worldIds: readonly string[]; readonly idempotency: { key: string; bodyHash: string } | null };

/** How long an idempotency key is remembered (S-4). */
const idempotencyMs = 24 * 3_600_000;

/** Submissions in the Gateway's database: record, work item, bindings, history and answers change together. */
export class Submissions {
  readonly #database: Kysely<GatewayTables>;
  readonly #clock: Clock;
  readonly #limits: RetryLimits;
  readonly #changed: () => void;

  /** @param changed - called after every committed change */
  constructor(options: {
    readonly database: Kysely<GatewayTables>;
    readonly clock: Clock;
    readonly limits: RetryLimits;
    readonly changed: () => void;
  }) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#changed = options.changed;
  }

  /**
   * Makes a submission durable, with its work item; resolves when it is (S-1).
   *
   * @param claim - of a worker that has a place for it, in the same write
   * @returns the id of the strategy, an older one when the idempotency key was used before with the same body (S-4);
   *   and the row, when it is new
   * @throws QmtlError `IDEMPOTENCY_CONFLICT`, `SUBMISSION_DUPLICATE`, `STORE_FAILED`
   */
  async accept(
    submission: NewSubmission,
    claim?: { readonly holder: string; readonly ttlMs: number },
  ): Promise<{ readonly strategyId: string; readonly row: StoredSubmission | undefined }> {
    const answer = await this.#database.transaction().execute(async (trx) => {
      const known = await this.#known(trx, submission);
      if (known !== undefined) return { strategyId: known, row: undefined };
      return { strategyId: submission.strategy_id, row: await this.#insert(trx, submission, claim) };
    });
    if (answer.row !== undefined) this.#changed();
    return answer;
  }

  /** The strategy an idempotency key stands for, if it does. @throws QmtlError `IDEMPOTENCY_CONFLICT` */
  async repeated(subject: string, key: string, bodyHash: string): Promise<string | undefined> {
    return this.#repeated(this.#database, subject, { key, bodyHash });
  }

  /** Fixes the answer of an idempotency key: the first one given holds for all who ask again. */
  async settleAnswer(subject: string, key: string, answer: string): Promise<string> {
    const mine = this.#database.updateTable("idempotent_answers").set({ answer });
    const won = await mine.where("subject", "=", subject).where("key", "=", key).where("answer", "is", null).execute();
    if ((won[0]?.numUpdatedRows ?? 0n) > 0n) return answer;
    const row = await this.#database
      .selectFrom("idempotent_answers")
      .select("answer")
      .where("subject", "=", subject)
      .where("key", "=", key)
      .executeTakeFirst();
    return row?.answer ?? answer;
  }

  /** Claims up to `limit` items that are ready, oldest first. */
  async claim(holder: string, ttlMs: number, limit: number): Promise<StoredSubmission[]> {
    const nowMs = this.#clock.nowMs();
    const claimed = await this.#database.transaction().execute(async (trx) => {
      const ready = await trx
        .selectFrom("submissions")
        .selectAll()
        .where("ready_ms", "is not", null)
        .where("ready_ms", "<=", nowMs)
        .orderBy("seq")
        .limit(limit)
        .execute();
      const rows: StoredSubmission[] = [];
      for (const row of ready) {
        const next = await this.#step(trx, row, { kind: "claim", holder, ttlMs }, nowMs, 0);
        if (next !== undefined && !isFinal(next.status as Status)) rows.push(next);
      }
      return rows;
    });
    if (claimed.some((row) => row.attempts > 0)) this.#changed();
    return claimed;
  }

  /** Ends the claims of all other holders. For a Gateway that is alone on its database: those holders are dead. */
  async endOtherClaims(holder: string): Promise<void> {
    const nowMs = this.#clock.nowMs();
    await this.#database.transaction().execute(async (trx) => {
      const orphans = await trx
        .selectFrom("submissions")
        .selectAll()
        .where("ready_ms", "is not", null)
        .where("claim_holder", "!=", holder)
        .execute();
      for (const row of orphans) await this.#step(trx, row, { kind: "orphaned" }, nowMs, 0);
    });
  }

  /** Takes inputs of a submission's life, in one write. Undefined when the last was refused: the claim is another's. */
  async advance(
    strategyId: string,
    inputs: readonly LifeCycleInput[],
    options: { readonly spread?: number; readonly queueMap?: QueueMap; readonly sentinelId?: string } = {},
  ): Promise<StoredSubmission | undefined> {
    const nowMs = this.#clock.nowMs();
    const next = await this.#database.transaction().execute(async (trx) => {
      const stored = trx.selectFrom("submissions").selectAll().where("strategy_id", "=", strategyId);
      let row = await stored.executeTakeFirst();
      for (const input of inputs) row &&= await this.#step(trx, row, input, nowMs, options.spread ?? 0, options);
      return row;
    });
    if (next !== undefined) this.#changed();
    return next;
  }

  async find(strategyId: string): Promise<StoredSubmission> {
    const row = await this.#database
      .selectFrom("submissions")
      .selectAll()
      .where("strategy_id", "=", strategyId)
      .executeTakeFirst();
    if (row === undefined)
      throw new QmtlError("SUBMISSION_NOT_FOUND", "strategy not found", { details: { strategy_id: strategyId } });
    return row;
  }

  async history(strategyId: string): Promise<StoredEvent[]> {
    return this.#database
      .selectFrom("submission_events")
      .selectAll()
      .where("strategy_id", "=", strategyId)
      .orderBy("id")
      .execute();
  }

  /** Events of all submissions after a position, oldest first. */
  async eventsAfter(id: number, limit: number): Promise<(StoredEvent & { readonly world_ids: string })[]> {
    return this.#database
      .selectFrom("submission_events")
      .innerJoin("submissions", "submissions.strategy_id", "submission_events.strategy_id")
      .selectAll("submission_events")
      .select("submissions.world_ids")
      .where("submission_events.id", ">", id)
      .orderBy("submission_events.id")
      .limit(limit)
      .execute();
  }

  async lastEventId(): Promise<number> {
    const row = await this.#database
      .selectFrom("submission_events")
      .select(({ fn }) => fn.max("id").as("last"))
      .executeTakeFirst();
    return Number(row?.last ?? 0);
  }

  /** Open submissions by status. */
  async openCounts(): Promise<Record<string, number>> {
    const rows = await this.#database
      .selectFrom("submissions")
      .select(({ fn }) => ["status", fn.countAll().as("count")])
      .where("ready_ms", "is not", null)
      .groupBy("status")
      .execute();
    return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
  }

  /** When the next item becomes ready; undefined when none is open. */
  async nextReadyMs(): Promise<number | undefined> {
    const row = await this.#database
      .selectFrom("submissions")
      .select(({ fn }) => fn.min("ready_ms").as("next"))
      .where("ready_ms", "is not", null)
      .executeTakeFirst();
    return row?.next === null || row?.next === undefined ? undefined : Number(row.next);
  }

  async report(strategy_id: string, report: HistoryReport): Promise<void> {
    const row = {
      strategy_id,
      node_id: report.node_id,
      interval_s: report.interval,
      report: JSON.stringify(report),
      reported_ms: this.#clock.nowMs(),
    };
    await this.#database
      .insertInto("history_reports")
      .values(row)
      .onConflict((conflict) => conflict.columns(["strategy_id", "node_id", "interval_s"]).doUpdateSet(row))
      .execute();
  }

  async forgetOldAnswers(): Promise<void> {
    const before = this.#clock.nowMs() - idempotencyMs;
    await this.#database.deleteFrom("idempotent_answers").where("created_ms", "<", before).execute();
  }

  async #known(trx: Transaction<GatewayTables>, submission: NewSubmission): Promise<string | undefined> {
    const { idempotency, subject, dedupe_key } = submission;
    const repeated = idempotency && (await this.#repeated(trx, subject, idempotency));
    if (typeof repeated === "string") return repeated;
    const twin = await trx
      .selectFrom("submissions")
      .select("strategy_id")
      .where("dedupe_key", "=", dedupe_key)
      .executeTakeFirst();
    if (twin === undefined) return undefined;
    throw new QmtlError("SUBMISSION_DUPLICATE", `this DAG was submitted for these worlds as "${twin.strategy_id}"`, {
      details: { strategy_id: twin.strategy_id },
      hint: "follow that strategy, or change the DAG",
    });
  }

  async #repeated(
    database: Kysely<GatewayTables>,
    subject: string,
    { key, bodyHash }: { key: string; bodyHash: string },
  ): Promise<string | undefined> {
    const row = await database
      .selectFrom("idempotent_answers")
      .select(["strategy_id", "body_hash"])
      .where("subject", "=", subject)
      .where("key", "=", key)
      .where("created_ms", ">=", this.#clock.nowMs() - idempotencyMs)
      .executeTakeFirst();
    if (row === undefined || row.body_hash === bodyHash) return row?.strategy_id;
    throw new QmtlError("IDEMPOTENCY_CONFLICT", `idempotency key "${key}" was used before with another body`, {
      details: { strategy_id: row.strategy_id },
      hint: "use a fresh key for a new submission",
    });
  }

  async #insert(
    trx: Transaction<GatewayTables>,
    submission: NewSubmission,
    claim: { readonly holder: string; readonly ttlMs: number } | undefined,
  ): Promise<StoredSubmission> {
    const { worldIds, idempotency, ...columns } = submission;
    const nowMs = this.#clock.nowMs();
    const strategy_id = columns.strategy_id;
    const accepted = acceptedSubmission(nowMs);
    const state = claim === undefined ? accepted : stepLifeCycle(accepted, { kind: "claim", ...claim }, nowMs).state;
    const values = {
      ...columns,
      ...columnsOf(state),
      world_ids: JSON.stringify(worldIds),
      accepted_ms: nowMs,
      updated_ms: nowMs,
      queue_map: null,
    };
    const { seq } = await trx.insertInto("submissions").values(values).returning("seq").executeTakeFirstOrThrow();
    await trx
      .insertInto("submission_events")
      .values(eventRow(strategy_id, accepted, "INIT", nowMs))
      .execute();
    if (worldIds.length > 0) {
      const bindings = worldIds.map((world_id) => ({ world_id, strategy_id, created_ms: nowMs, next_ms: nowMs }));
      await trx.insertInto("world_bindings").values(bindings).execute();
    }
    const row = { seq, ...values };
    if (idempotency === null) return row;
    const { key, bodyHash: body_hash } = idempotency;
    const answer = { subject: columns.subject, key, body_hash, strategy_id, answer: null, created_ms: nowMs };
    await trx
      .insertInto("idempotent_answers")
      .values(answer)
      // Only a row past its day can be in the way: see #known.
      .onConflict((conflict) => conflict.columns(["subject", "key"]).doUpdateSet(answer))
      .execute();
    return row;
  }

  async #step(
    trx: Transaction<GatewayTables>,
    row: StoredSubmission,
    input: LifeCycleInput,
    nowMs: number,
    spread: number,
    result: { readonly queueMap?: QueueMap; readonly sentinelId?: string } = {},
  ): Promise<StoredSubmission | undefined> {
    const { state, taken, event } = stepLifeCycle(lifeCycleOf(row), input, nowMs, this.#limits, spread);
    if (!taken) return undefined;
    if (state.revision === row.revision) return row;
    const changes = {
      ...columnsOf(state),
      updated_ms: nowMs,
      ...(result.queueMap !== undefined && { queue_map: JSON.stringify(result.queueMap) }),
      ...(result.sentinelId !== undefined && { sentinel_id: result.sentinelId }),
      // What did not work may be tried again.
      ...((state.status === "failed" || state.status === "dead-lettered") && { dedupe_key: null }),
    };
    const update = await trx
      .updateTable("submissions")
      .set(changes)
      .where("strategy_id", "=", row.strategy_id)
      .where("revision", "=", row.revision)
      .executeTakeFirst();
    if (update.numUpdatedRows === 0n) return undefined;
    if (event !== null) {
      await trx
        .insertInto("submission_events")
        .values(eventRow(row.strategy_id, state, event, nowMs))
        .execute();
    }
    return { ...row, ...changes };
  }
}

function lifeCycleOf(row: StoredSubmission): LifeCycle {
  const { claim_token: token, claim_holder: holder, claim_until_ms: untilMs } = row;
  return {
    status: row.status as Status,
    revision: row.revision,
    attempts: row.attempts,
    waits: row.waits,
    reason: row.reason,
    acceptedMs: row.accepted_ms,
    notBeforeMs: row.not_before_ms,
    claim: token === null || holder === null || untilMs === null ? null : { token, holder, untilMs },
    lastToken: row.last_token,
  };
}

function columnsOf(state: LifeCycle) {
  const { status, revision, attempts, waits, reason, notBeforeMs, claim, lastToken } = state;
  return {
    status,
    revision,
    attempts,
    waits,
    reason,
    not_before_ms: notBeforeMs,
    claim_token: claim?.token ?? null,
    claim_holder: claim?.holder ?? null,
    claim_until_ms: claim?.untilMs ?? null,
    last_token: lastToken,
    ready_ms: isFinal(status) ? null : Math.max(notBeforeMs, claim?.untilMs ?? 0),
  };
}

function eventRow(strategy_id: string, state: LifeCycle, event: LifeCycleEvent, ts_ms: number) {
  const { revision, status, reason } = state;
  return { strategy_id, revision, event, status, reason, ts_ms };
}

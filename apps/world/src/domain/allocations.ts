import type { AllocationRequest } from "@qmtl/contracts/worlds";
import { blake3Text, formatInstant, QmtlError, sortedAsciiJson, type Clock } from "@qmtl/core";
import { appendAudit } from "@qmtl/store";
import { fenced, type Asked, type WorldStore } from "../store/world-store.ts";
import { decisionTtlMs } from "./decision-envelope.ts";
import type { WorldMetrics } from "./world-metrics.ts";

/** Shares of the account's equity by world, as they were last set. Nothing is traded here. */
export class Allocations {
  readonly #store: WorldStore;
  readonly #clock: Clock;
  readonly #metrics: WorldMetrics;

  constructor(store: WorldStore, clock: Clock, metrics: WorldMetrics) {
    this.#store = store;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /**
   * The same run id with the same content is the same request; with another one it is refused.
   *
   * @throws QmtlError `REQUEST_INVALID`, `IDEMPOTENCY_CONFLICT`, `WORLD_NOT_FOUND`, `DEPENDENCY_UNAVAILABLE`
   */
  async set(asked: Asked, request: AllocationRequest): Promise<{ run_id: string; etag: string; executed: boolean }> {
    const { run_id, execute = false, etag: given, ...content } = request;
    const shares = Object.entries(request.world_allocations);
    const total = shares.reduce((sum, [, share]) => sum + share, 0);
    // Shares such as 0.1 and 0.2 do not sum up exactly.
    if (total > 1 + 1e-9)
      throw new QmtlError("REQUEST_INVALID", `world_allocations must sum to at most 1; found ${total}`);
    if (request.mode === "hybrid")
      throw new QmtlError("REQUEST_INVALID", "mode hybrid is not known; use scaling or overlay");
    if (execute) {
      throw new QmtlError("DEPENDENCY_UNAVAILABLE", "this WorldService has nobody to carry allocations out", {
        hint: "send execute: false, and rebalance where the orders are",
      });
    }
    const etag = `alloc:${blake3Text(sortedAsciiJson(content)).slice(7, 39)}`;
    if (given !== undefined && given !== etag) {
      throw new QmtlError("PRECONDITION_FAILED", `the etag of this content is ${etag}, not ${given}`, {
        details: { etag },
      });
    }
    const answer = { run_id, etag, executed: false };
    for (const [worldId] of shares) await this.#store.current(worldId);
    return this.#store.turn("allocations", () =>
      this.#store.database.transaction().execute(async (transaction) => {
        if (!(await this.#store.isOwner(transaction))) throw fenced();
        const known = await transaction
          .selectFrom("world_allocation_runs")
          .selectAll()
          .where("run_id", "=", run_id)
          .executeTakeFirst();
        if (known !== undefined && known.etag !== etag) {
          throw new QmtlError("IDEMPOTENCY_CONFLICT", `run "${run_id}" was asked for before with another body`, {
            details: { run_id, etag: known.etag },
          });
        }
        if (known !== undefined) return answer;
        const nowMs = this.#clock.nowMs();
        await transaction.insertInto("world_allocation_runs").values({ run_id, etag, created_ms: nowMs }).execute();
        for (const [world_id, allocation] of shares) {
          const totals = request.strategy_alloc_after_total?.[world_id];
          const strategy_alloc_total = totals === undefined ? null : JSON.stringify(totals);
          const values = { allocation, run_id, etag, strategy_alloc_total, updated_ms: nowMs };
          await transaction
            .insertInto("world_allocations")
            .values({ world_id, ...values })
            .onConflict((conflict) => conflict.column("world_id").doUpdateSet(values))
            .execute();
          const details = { run_id, etag, allocation };
          const entry = {
            scope: world_id,
            atMs: nowMs,
            ...asked,
            action: "allocation_set",
            outcome: "committed" as const,
          };
          await appendAudit(transaction, { ...entry, details });
        }
        return answer;
      }),
    );
  }

  /** @throws QmtlError `WORLD_NOT_FOUND` when the world, or any at all, has none */
  async get(
    worldId: string | undefined,
    mayRead: (worldId: string) => boolean,
  ): Promise<{ allocations: Record<string, unknown> }> {
    let query = this.#store.database.selectFrom("world_allocations").selectAll().orderBy("world_id");
    if (worldId !== undefined) query = query.where("world_id", "=", worldId);
    const rows = (await query.execute()).filter(({ world_id }) => mayRead(world_id));
    if (rows.length === 0) {
      throw new QmtlError(
        "WORLD_NOT_FOUND",
        `there is no allocation${worldId === undefined ? "" : ` of "${worldId}"`}`,
      );
    }
    const nowMs = this.#clock.nowMs();
    const allocations: Record<string, unknown> = {};
    for (const { world_id, updated_ms, strategy_alloc_total, ...row } of rows) {
      const stale = nowMs - updated_ms > decisionTtlMs;
      this.#metrics.allocationsRead(world_id, stale);
      allocations[world_id] = {
        world_id,
        ...row,
        strategy_alloc_total: strategy_alloc_total === null ? null : (JSON.parse(strategy_alloc_total) as unknown),
        updated_at: formatInstant(updated_ms),
        ttl: `${decisionTtlMs / 1_000}s`,
        stale,
      };
    }
    return { allocations };
  }
}

import { eventSources, readCloudEvent, type CloudEvent } from "@qmtl/contracts/events";
import { checkFillReport, type FillReport, type FillsPage } from "@qmtl/contracts/gateway";
import { formatInstant, QmtlError, sha256Hex, sortedAsciiJson, type Clock, type Ids } from "@qmtl/core";
import { appendOutbox, nextSequence } from "@qmtl/store";
import type { Kysely } from "kysely";
import type { GatewayTables } from "../store/tables.ts";

export type FillRejection = "invalid_json" | "auth" | "missing_ids" | "ce_required" | "schema" | "conflict";

export interface FillScope {
  readonly worldId: string;
  readonly strategyId: string;
}

export interface FillQuery {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly worldId?: string | undefined;
  readonly strategyId?: string | undefined;
  readonly fromOffset?: number | undefined;
  readonly limit: number;
}

export interface FillsOptions {
  readonly database: Kysely<GatewayTables>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called when a fill waits in the outbox; absent: nobody publishes it. */
  readonly onOutgoing?: (() => void) | undefined;
}

/** Fills as they were reported, each once, in the order they came; told on `trade.fills` as often as they are kept. */
export class Fills {
  readonly #database: Kysely<GatewayTables>;
  readonly #options: FillsOptions;

  constructor(options: FillsOptions) {
    this.#database = options.database;
    this.#options = options;
  }

  /**
   * Keeps a fill; resolves when it is durable. The same fill again changes nothing.
   *
   * @param eventId - id of the event it came in, where the fill has no counter of its own
   * @throws QmtlError `SCHEMA_INVALID`; `JSON_INVALID` and `REQUEST_TOO_LARGE` for what no event can hold;
   * `IDEMPOTENCY_CONFLICT` when that order's fill is known with another content
   */
  async keep(scope: FillScope, data: unknown, eventId: string | undefined): Promise<"kept" | "known"> {
    const fill = checkFillReport(data);
    const body = sortedAsciiJson(fill);
    const { clock, ids, onOutgoing } = this.#options;
    const nowMs = clock.nowMs();
    const event = onOutgoing && eventOf(scope, fill, eventId || ids.next(), nowMs);
    const fill_key = fillKeyOf(scope, fill, eventId, body);
    const row = {
      fill_key,
      body_hash: sha256Hex(body),
      world_id: scope.worldId,
      strategy_id: scope.strategyId,
      order_id: fill.order_id,
      body: JSON.stringify(fill),
      fill_time_ms: fill.fill_time ?? nowMs,
      received_ms: nowMs,
    };
    const outcome = await this.#database.transaction().execute(async (trx) => {
      const known = await trx
        .selectFrom("fills")
        .select("body_hash")
        .where("fill_key", "=", fill_key)
        .executeTakeFirst();
      if (known === undefined) {
        await trx.insertInto("fills").values(row).execute();
        if (event !== undefined) {
          const key = [scope.worldId, scope.strategyId, fill.symbol, fill.order_id].join("|");
          const sequence = await nextSequence(trx, "trade.fills", key);
          await appendOutbox(trx, [{ topic: "trade.fills", key, sequence, event }], nowMs);
        }
        return "kept" as const;
      }
      if (known.body_hash === row.body_hash) return "known" as const;
      throw new QmtlError(
        "IDEMPOTENCY_CONFLICT",
        `fill ${fill.seq ?? eventId} of order "${fill.order_id}" is known otherwise`,
        {
          hint: "give each fill of an order its own seq",
        },
      );
    });
    if (outcome === "kept") onOutgoing?.();
    return outcome;
  }

  /** A page of fills, oldest first. */
  async replay(query: FillQuery, correlationId: string): Promise<FillsPage> {
    let rows = this.#database
      .selectFrom("fills")
      .selectAll()
      .orderBy("position")
      .limit(query.limit + 1);
    if (query.fromMs !== undefined) rows = rows.where("fill_time_ms", ">=", query.fromMs);
    if (query.toMs !== undefined) rows = rows.where("fill_time_ms", "<=", query.toMs);
    if (query.worldId !== undefined) rows = rows.where("world_id", "=", query.worldId);
    if (query.strategyId !== undefined) rows = rows.where("strategy_id", "=", query.strategyId);
    if (query.fromOffset !== undefined) rows = rows.where("position", ">=", query.fromOffset);
    const found = await rows.execute();
    const page = found.slice(0, query.limit);
    return {
      status: "accepted",
      correlation_id: correlationId,
      message: `${page.length} fills`,
      fills: page.map((row) => ({
        offset: row.position,
        world_id: row.world_id,
        strategy_id: row.strategy_id,
        received_at: formatInstant(row.received_ms),
        data: JSON.parse(row.body) as FillReport,
      })),
      next_offset: found[query.limit]?.position ?? null,
    };
  }
}

/** @throws QmtlError where the bus would never take it: one event that cannot be read would be in the way of all behind it */
function eventOf({ worldId, strategyId }: FillScope, fill: FillReport, id: string, nowMs: number): CloudEvent {
  const event: CloudEvent = {
    specversion: "1.0",
    id,
    source: eventSources.gateway,
    type: "trade.fill",
    time: formatInstant(nowMs),
    datacontenttype: "application/json",
    data: { ...fill, world_id: worldId, strategy_id: strategyId },
    ...(fill.correlation_id !== undefined && { correlation_id: fill.correlation_id }),
  };
  return readCloudEvent(JSON.stringify(event));
}

/** An order's fills are told apart by their counter; where there is none, by the event; else by what they say. */
function fillKeyOf(
  { worldId, strategyId }: FillScope,
  fill: FillReport,
  eventId: string | undefined,
  body: string,
): string {
  const which =
    fill.seq !== undefined
      ? ["seq", fill.seq]
      : fill.etag !== undefined
        ? ["etag", fill.etag]
        : eventId !== undefined
          ? ["event", eventId]
          : ["body", sha256Hex(body)];
  return JSON.stringify([worldId, strategyId, fill.order_id, ...which]);
}

import type { EdgeOverridePut, ValidationContext, ValidationPut, WorldNodePut } from "@qmtl/contracts/worlds";
import { evalKey, executionDomainOf, formatInstant, parseInstant, QmtlError } from "@qmtl/core";
import type { Selectable } from "kysely";
import type { WorldTables } from "../store/tables.ts";
import type { Asked, Change, WorldStore } from "../store/world-store.ts";

/** What a world knows of its nodes: their status, the edges it cuts or joins, what was found valid. */
export class NodeRegistry {
  readonly #store: WorldStore;

  constructor(store: WorldStore) {
    this.#store = store;
  }

  /** Of one domain, or of all. @throws QmtlError `REQUEST_INVALID` for a domain that is none */
  async nodes(worldId: string, domain: string | undefined): Promise<readonly unknown[]> {
    await this.#store.current(worldId);
    let query = this.#store.database.selectFrom("world_nodes").selectAll().where("world_id", "=", worldId);
    if (domain !== undefined && domain !== "*" && domain !== "all")
      query = query.where("execution_domain", "=", domainOf(domain));
    const rows = await query.orderBy("node_id").orderBy("execution_domain").execute();
    return rows.map(nodeOf);
  }

  /** @throws QmtlError `REQUEST_INVALID`, `ROUTE_UNKNOWN` */
  async node(worldId: string, nodeId: string, domain: string | undefined): Promise<unknown> {
    await this.#store.current(worldId);
    const row = await this.#store.database
      .selectFrom("world_nodes")
      .selectAll()
      .where("world_id", "=", worldId)
      .where("node_id", "=", nodeId)
      .where("execution_domain", "=", domainOf(domain))
      .executeTakeFirst();
    if (row !== undefined) return nodeOf(row);
    throw new QmtlError("ROUTE_UNKNOWN", "world node not found", {
      details: { code: "E_WORLD_NODE_NOT_FOUND", world_id: worldId, node_id: nodeId },
    });
  }

  async putNode(worldId: string, asked: Asked, nodeId: string, request: WorldNodePut): Promise<unknown> {
    const execution_domain = domainOf(request.execution_domain);
    const { status, last_eval_key = null, annotations = null } = request;
    const values = {
      status,
      last_eval_key,
      annotations: annotations === null ? null : JSON.stringify(annotations),
    };
    const row = { world_id: worldId, node_id: nodeId, execution_domain, ...values };
    await this.#change(worldId, asked, "world_node_upserted", async ({ transaction, note }) => {
      note({ node_id: nodeId, execution_domain, status: request.status });
      await transaction
        .insertInto("world_nodes")
        .values(row)
        .onConflict((conflict) => conflict.columns(["world_id", "node_id", "execution_domain"]).doUpdateSet(values))
        .execute();
    });
    return nodeOf(row);
  }

  async removeNode(worldId: string, asked: Asked, nodeId: string, domain: string | undefined): Promise<void> {
    const execution_domain = domainOf(domain);
    await this.#change(worldId, asked, "world_node_deleted", async ({ transaction, note }) => {
      note({ node_id: nodeId, execution_domain });
      await transaction
        .deleteFrom("world_nodes")
        .where("world_id", "=", worldId)
        .where("node_id", "=", nodeId)
        .where("execution_domain", "=", execution_domain)
        .execute();
    });
  }

  async overrides(worldId: string): Promise<readonly unknown[]> {
    await this.#store.current(worldId);
    const rows = await this.#store.database
      .selectFrom("world_edge_overrides")
      .selectAll()
      .where("world_id", "=", worldId)
      .orderBy("src_node_id")
      .orderBy("dst_node_id")
      .execute();
    return rows.map(overrideOf);
  }

  /** A reason that is left out stays as it was; null clears it. */
  async putOverride(
    worldId: string,
    asked: Asked,
    src: string,
    dst: string,
    request: EdgeOverridePut,
  ): Promise<unknown> {
    return this.#change(worldId, asked, "edge_override_upserted", async ({ transaction, nowMs, note }) => {
      const before = await transaction
        .selectFrom("world_edge_overrides")
        .select("reason")
        .where("world_id", "=", worldId)
        .where("src_node_id", "=", src)
        .where("dst_node_id", "=", dst)
        .executeTakeFirst();
      const reason = request.reason === undefined ? (before?.reason ?? null) : request.reason;
      const values = { active: request.active ? 1 : 0, reason, updated_ms: nowMs };
      const row = { world_id: worldId, src_node_id: src, dst_node_id: dst, ...values };
      note({ src_node_id: src, dst_node_id: dst, active: request.active });
      await transaction
        .insertInto("world_edge_overrides")
        .values(row)
        .onConflict((conflict) => conflict.columns(["world_id", "src_node_id", "dst_node_id"]).doUpdateSet(values))
        .execute();
      return overrideOf(row);
    });
  }

  /** What was found of a node under exactly this context; an entry of another context is thrown away. */
  async lookupValidation(worldId: string, asked: Asked, request: ValidationContext): Promise<unknown> {
    await this.#store.current(worldId);
    const execution_domain = domainOf(request.execution_domain);
    const find = (database: Change["transaction"]) =>
      database
        .selectFrom("world_validations")
        .selectAll()
        .where("world_id", "=", worldId)
        .where("node_id", "=", request.node_id)
        .where("execution_domain", "=", execution_domain)
        .executeTakeFirst();
    const row = await find(this.#store.database);
    if (row === undefined) return { cached: false };
    const key = keyOf(worldId, request);
    if (row.eval_key === key) return validationOf(row);
    await this.#change(worldId, asked, "validation_cache_invalidated", async ({ transaction, note }) => {
      note({ node_id: request.node_id, execution_domain, eval_key: row.eval_key });
      await transaction
        .deleteFrom("world_validations")
        .where("world_id", "=", worldId)
        .where("eval_key", "=", row.eval_key)
        .execute();
    });
    return { cached: false };
  }

  async putValidation(worldId: string, asked: Asked, request: ValidationPut): Promise<unknown> {
    const execution_domain = domainOf(request.execution_domain);
    return this.#change(worldId, asked, "validation_cached", async ({ transaction, nowMs, note }) => {
      const { result, metrics, timestamp, ...context } = request;
      const eval_key = keyOf(worldId, request);
      const validated_ms = timestamp === undefined ? nowMs : parseInstant(timestamp, "timestamp");
      const values = {
        eval_key,
        context: JSON.stringify(context),
        result,
        metrics: JSON.stringify(metrics),
        validated_ms,
      };
      const row = { world_id: worldId, node_id: request.node_id, execution_domain, ...values };
      note({ node_id: request.node_id, execution_domain, eval_key, result });
      await transaction
        .insertInto("world_validations")
        .values(row)
        .onConflict((conflict) => conflict.columns(["world_id", "node_id", "execution_domain"]).doUpdateSet(values))
        .execute();
      return validationOf(row);
    });
  }

  async clearValidations(worldId: string, asked: Asked, nodeId: string, domain: string | undefined): Promise<void> {
    await this.#change(worldId, asked, "validation_cache_cleared", async ({ transaction, note }) => {
      note({ node_id: nodeId, execution_domain: domain ?? "*" });
      let query = transaction
        .deleteFrom("world_validations")
        .where("world_id", "=", worldId)
        .where("node_id", "=", nodeId);
      if (domain !== undefined && domain !== "*" && domain !== "all")
        query = query.where("execution_domain", "=", domainOf(domain));
      await query.execute();
    });
  }

  async #change<Result>(
    worldId: string,
    asked: Asked,
    action: string,
    work: (change: Change) => Promise<Result>,
  ): Promise<Result> {
    return this.#store.turn(worldId, async () => (await this.#store.change(worldId, asked, action, work)).result);
  }
}

// A node without a domain is one of the backtest: the careful one.
function domainOf(word: string | undefined): string {
  const domain = executionDomainOf(word ?? "backtest");
  if (domain === "backtest" || domain === "dryrun" || domain === "live" || domain === "shadow") return domain;
  throw new QmtlError("SCHEMA_INVALID", `execution_domain must be backtest, dryrun, live or shadow; found "${word}"`, {
    details: { code: "E_EXECUTION_DOMAIN" },
  });
}

function keyOf(worldId: string, context: ValidationContext): string {
  return evalKey({
    worldId,
    nodeId: context.node_id,
    executionDomain: domainOf(context.execution_domain),
    contractId: context.contract_id,
    datasetFingerprint: context.dataset_fingerprint,
    codeVersion: context.code_version,
    resourcePolicy: context.resource_policy,
  });
}

function nodeOf(row: Selectable<WorldTables["world_nodes"]>): unknown {
  return { ...row, annotations: row.annotations === null ? null : (JSON.parse(row.annotations) as unknown) };
}

function overrideOf(row: Selectable<WorldTables["world_edge_overrides"]>): unknown {
  const { updated_ms, active, ...rest } = row;
  return { ...rest, active: active === 1, updated_at: formatInstant(updated_ms) };
}

function validationOf(row: Selectable<WorldTables["world_validations"]>): unknown {
  return {
    cached: true,
    eval_key: row.eval_key,
    result: row.result,
    metrics: JSON.parse(row.metrics) as unknown,
    timestamp: formatInstant(row.validated_ms),
  };
}

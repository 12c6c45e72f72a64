import type { NodeDecision, WorldCreate, WorldUpdate } from "@qmtl/contracts/worlds";
import { formatInstant, parseInstant, QmtlError, type Clock } from "@qmtl/core";
import { isApplying, newWorldRecord } from "@qmtl/policy/world-protocol";
import { appendAudit } from "@qmtl/store";
import { changesOf } from "./world-transitions.ts";
import { requireEtag } from "./preconditions.ts";
import type { WorldProtocolService } from "./world-protocol-service.ts";
import { decisionOf, envelopeOf, type DecisionEnvelope, type WorldDecision } from "./decision-envelope.ts";
import type { WorldProfile, WorldState } from "../store/world-state.ts";
import { fenced, type Asked, type Change, type WorldStore } from "../store/world-store.ts";

/** Worlds themselves: what they are called, what they may, which strategies belong to them. */
export class Worlds {
  readonly #store: WorldStore;
  readonly #protocol: WorldProtocolService;
  readonly #clock: Clock;

  constructor(store: WorldStore, protocol: WorldProtocolService, clock: Clock) {
    this.#store = store;
    this.#protocol = protocol;
    this.#clock = clock;
  }

  /** @throws QmtlError `WORLD_EXISTS` */
  async create(asked: Asked, request: WorldCreate): Promise<WorldState> {
    const { id, allow_live = false, state = "ACTIVE", ...profile } = request;
    return this.#store.turn(id, async () => {
      const nowMs = this.#clock.nowMs();
      const record = await this.#store.database.transaction().execute(async (transaction) => {
        if (!(await this.#store.isOwner(transaction))) throw fenced();
        const known = await transaction.selectFrom("worlds").selectAll().where("id", "=", id).executeTakeFirst();
        if (known !== undefined && known.state !== "DELETED") {
          throw new QmtlError("WORLD_EXISTS", `there is a world "${id}" already`, { details: { world_id: id } });
        }
        // A world that comes back goes on counting: no pair of world and number names two events (W-1).
        const record = {
          ...newWorldRecord(id),
          epoch: (known?.epoch ?? 0) + 1,
          sequence: known?.sequence ?? 0,
        };
        const values = {
          state,
          profile: JSON.stringify(profile satisfies WorldProfile),
          allow_live: allow_live ? 1 : 0,
          default_policy_version: 0,
          revision: (known?.revision ?? 0) + 1,
          mode: "compute-only",
          ...changesOf(record),
          policy_sequence: known?.policy_sequence ?? 0,
          decisions: "[]",
          memory: "{}",
          data_is_current: 1,
          decided_ms: nowMs,
          created_ms: nowMs,
          updated_ms: nowMs,
        };
        await transaction
          .insertInto("worlds")
          .values({ id, ...values })
          .onConflict((conflict) => conflict.column("id").doUpdateSet(values))
          .execute();
        // What is computed for tests never feeds live nodes unless somebody says so.
        const edge = { src_node_id: "domain:backtest", dst_node_id: "domain:live", active: 0, updated_ms: nowMs };
        await transaction
          .insertInto("world_edge_overrides")
          .values({ world_id: id, reason: "auto:cross-domain-block", ...edge })
          .execute();
        const details = { profile, allow_live };
        const entry = {
          scope: id,
          atMs: nowMs,
          ...asked,
          action: "world_created",
          outcome: "committed" as const,
          details,
        };
        await appendAudit(transaction, entry);
        return record;
      });
      this.#store.forget(id);
      if (record.epoch === 1) this.#protocol.created(record);
      else this.#protocol.reread(id);
      return this.#store.current(id);
    });
  }

  async list(): Promise<readonly WorldState[]> {
    const rows = await this.#store.database
      .selectFrom("worlds")
      .select("id")
      .where("state", "!=", "DELETED")
      .orderBy("id")
      .execute();
    return Promise.all(rows.map(({ id }) => this.#store.current(id)));
  }

  get(worldId: string): Promise<WorldState> {
    return this.#store.current(worldId);
  }

  /** @throws QmtlError `PRECONDITION_FAILED`, `PRECONDITION_REQUIRED`, `REQUEST_INVALID` */
  async update(worldId: string, asked: Asked, request: WorldUpdate, ifMatch: string | undefined): Promise<WorldState> {
    const { id, allow_live, state, ...changes } = request;
    if (id !== undefined && id !== worldId) {
      throw new QmtlError("REQUEST_INVALID", `the body names world "${id}", the path "${worldId}"`);
    }
    const lessThanBefore = ({ row }: WorldState): boolean =>
      (row.allow_live === 1 && allow_live === false) || (row.state === "ACTIVE" && state === "SUSPENDED");
    return this.#protocol.changeAndRecall(worldId, asked, "world_updated", lessThanBefore, async (change) => {
      const { world, set, note, transaction } = change;
      requireEtag(world, ifMatch);
      note({
        ...changes,
        ...(allow_live === undefined ? {} : { allow_live }),
        ...(state === undefined ? {} : { state }),
      });
      set({
        profile: JSON.stringify({ ...world.profile, ...changes }),
        ...(allow_live === undefined ? {} : { allow_live: allow_live ? 1 : 0 }),
        ...(state === undefined ? {} : { state }),
      });
      if (invalidating.some((field) => changes[field] !== undefined && changes[field] !== world.profile[field])) {
        await transaction.deleteFrom("world_validations").where("world_id", "=", worldId).execute();
      }
    });
  }

  /** Its policies, bindings and the rest go; its audit stays. @throws QmtlError `APPLY_IN_PROGRESS` and as `update` */
  async remove(worldId: string, asked: Asked, ifMatch: string | undefined): Promise<void> {
    const before = await this.#store.current(worldId);
    requireEtag(before, ifMatch);
    if (isApplying(before.record)) throw new QmtlError("APPLY_IN_PROGRESS", `world "${worldId}" is being applied to`);
    // Whoever trades in it has to stop first.
    if (before.record.killed === null) await this.#protocol.kill(worldId, asked, "the world is deleted");
    await this.#store.turn(worldId, () =>
      this.#store.change(worldId, asked, "world_deleted", async ({ transaction, set }) => {
        set({ state: "DELETED", decisions: "[]", memory: "{}", mode: "compute-only" });
        set({ default_policy_version: 0, run_id: null });
        for (const table of dependent) await transaction.deleteFrom(table).where("world_id", "=", worldId).execute();
      }),
    );
    this.#protocol.reread(worldId);
  }

  async bind(worldId: string, asked: Asked, strategies: readonly string[]): Promise<readonly string[]> {
    return this.#change(worldId, asked, "bindings_added", async ({ transaction, world, note }) => {
      const added = [...new Set(strategies)].filter((id) => !world.bindings.includes(id));
      note({ added });
      for (const strategy_id of added) {
        await transaction.insertInto("world_bindings").values({ world_id: worldId, strategy_id }).execute();
      }
    }).then(({ bindings }) => bindings);
  }

  /** @throws QmtlError `PRECONDITION_FAILED`, `PRECONDITION_REQUIRED` */
  async setDecisions(
    worldId: string,
    asked: Asked,
    strategies: readonly string[],
    ifMatch: string | undefined,
  ): Promise<readonly string[]> {
    return this.#change(worldId, asked, "decisions_set", async ({ world, nowMs, set, note }) => {
      if (world.decisions.length > 0) requireEtag(world, ifMatch);
      note({ strategies });
      const unique = [...new Set(strategies)];
      set({ decisions: JSON.stringify(unique), decided_ms: nowMs, data_is_current: 1 });
    }).then(({ decisions }) => decisions);
  }

  /** One node is stopped, paused, resumed or put aside. */
  async decideNode(worldId: string, asked: Asked, event: NodeDecision): Promise<readonly string[]> {
    const status = { stop: "stopped", pause: "paused", resume: "running", quarantine: "invalid" }[event.decision];
    return this.#change(worldId, asked, "node_decided", async ({ transaction, note }) => {
      note({ ...event });
      const annotations = JSON.stringify({ event_id: event.event_id, reason_code: event.reason_code });
      const row = { world_id: worldId, node_id: event.node_id, execution_domain: "backtest", last_eval_key: null };
      await transaction
        .insertInto("world_nodes")
        .values({ ...row, status, annotations })
        .onConflict((conflict) =>
          conflict.columns(["world_id", "node_id", "execution_domain"]).doUpdateSet({ status, annotations }),
        )
        .execute();
    }).then(({ decisions }) => decisions);
  }

  /** What the world allows; of a time that has passed, what it did allow then. @throws QmtlError `TIME_INVALID` */
  async decide(worldId: string, asOf: string | undefined): Promise<DecisionEnvelope> {
    const world = await this.#store.current(worldId);
    if (asOf === undefined || asOf === "") return envelopeOf(world, decisionOf(world), world.row.decided_ms);
    const asOfMs = parseInstant(asOf, "as_of");
    const row = await this.#store.database
      .selectFrom("world_decision_log")
      .select(["body", "decided_ms"])
      .where("world_id", "=", worldId)
      .where("decided_ms", "<=", asOfMs)
      .orderBy("revision", "desc")
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) {
      if (asOfMs < world.row.created_ms) throw notThereYet(worldId, asOfMs, world.row.created_ms);
      const created: WorldDecision = { ...decisionOf(world), ...beforeAnything };
      return envelopeOf(world, created, world.row.created_ms);
    }
    return envelopeOf(world, JSON.parse(row.body) as WorldDecision, row.decided_ms);
  }

  async #change(
    worldId: string,
    asked: Asked,
    action: string,
    work: (change: Change) => Promise<void>,
  ): Promise<WorldState> {
    return this.#store.turn(worldId, async () => (await this.#store.change(worldId, asked, action, work)).world);
  }
}

function notThereYet(worldId: string, asOfMs: number, createdMs: number): QmtlError {
  const [asOf, created] = [formatInstant(asOfMs), formatInstant(createdMs)];
  return new QmtlError("WORLD_NOT_FOUND", `there was no world "${worldId}" as of ${asOf}`, {
    details: { world_id: worldId, as_of: asOf, created_at: created },
    hint: `it was created at ${created}`,
  });
}

const beforeAnything = { effective_mode: "validate", reason: "no_bindings", policy_version: 0, active: [] } as const;

const invalidating = ["contract_id", "dataset_fingerprint", "resource_policy", "code_version"] as const;

const dependent = [
  "world_policies",
  "world_bindings",
  "world_activation",
  "world_runs",
  "world_evaluations",
  "world_decision_log",
  "world_nodes",
  "world_edge_overrides",
  "world_validations",
  "world_allocations",
] as const;

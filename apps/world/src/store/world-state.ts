import { blake3Text, QmtlError, sortedAsciiJson } from "@qmtl/core";
import {
  activationStateHash,
  activationTable,
  isEffectiveMode,
  lowerMode,
  type ActivationEntry,
  type ActivationTable,
  type EffectiveMode,
} from "@qmtl/policy/activation";
import type { StrategyMemory } from "@qmtl/policy/decide";
import { worldPhases, type Kill, type RunRecord, type RunStage, type WorldRecord } from "@qmtl/policy/world-protocol";
import type { Kysely, Selectable } from "kysely";
import type { WorldTables } from "./tables.ts";

/** A world as one transaction sees it. */
export interface WorldState {
  readonly row: WorldRow;
  readonly profile: WorldProfile;
  readonly record: WorldRecord;
  readonly activation: ActivationTable;
  readonly activationRows: readonly ActivationRow[];
  readonly stateHash: string;
  readonly decisions: readonly string[];
  readonly memory: Readonly<Record<string, StrategyMemory>>;
  readonly bindings: readonly string[];
  readonly mode: EffectiveMode;
}

export type WorldRow = Selectable<WorldTables["worlds"]>;
export type ActivationRow = Selectable<WorldTables["world_activation"]>;

export interface WorldProfile {
  readonly name?: string;
  readonly description?: string;
  readonly owner?: string;
  readonly labels?: readonly string[];
  readonly contract_id?: string;
  readonly dataset_fingerprint?: string;
  readonly resource_policy?: string;
  readonly code_version?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** @throws QmtlError `WORLD_NOT_FOUND` */
export async function readWorld(database: Kysely<WorldTables>, worldId: string): Promise<WorldState> {
  const row = await database.selectFrom("worlds").selectAll().where("id", "=", worldId).executeTakeFirst();
  if (row === undefined || row.state === "DELETED") throw worldNotFound(worldId);
  const ofWorld = ["world_id", "=", worldId] as const;
  const activationRows = await database
    .selectFrom("world_activation")
    .selectAll()
    .where(...ofWorld)
    .orderBy("strategy_id")
    .orderBy("side")
    .execute();
  const bindings = await database
    .selectFrom("world_bindings")
    .select("strategy_id")
    .where(...ofWorld)
    .orderBy("strategy_id")
    .execute();
  const run =
    row.run_id === null
      ? undefined
      : await database
          .selectFrom("world_runs")
          .select(["run_id", "request_hash", "stage", "error"])
          .where(...ofWorld)
          .where("run_id", "=", row.run_id)
          .executeTakeFirst();
  const activation = activationTable(activationRows.map(entryOf));
  return {
    row,
    profile: JSON.parse(row.profile) as WorldProfile,
    record: recordOf(row, run === undefined ? null : runOf(run)),
    activation,
    activationRows,
    stateHash: activationStateHash(activation),
    decisions: JSON.parse(row.decisions) as string[],
    memory: JSON.parse(row.memory) as Record<string, StrategyMemory>,
    bindings: bindings.map(({ strategy_id }) => strategy_id),
    mode: modeOf(row),
  };
}

function worldNotFound(worldId: string): QmtlError {
  return new QmtlError("WORLD_NOT_FOUND", `there is no world "${worldId}"`, {
    details: { world_id: worldId },
    hint: "list the worlds there are, or create it",
  });
}

/** The mode of the last apply, never above what the world allows (W-5). */
function modeOf(row: Pick<WorldRow, "mode" | "allow_live">): EffectiveMode {
  const mode = isEffectiveMode(row.mode) ? row.mode : "compute-only";
  return lowerMode(mode, row.allow_live === 1 ? "live" : "paper");
}

function runOf(row: {
  readonly run_id: string;
  readonly request_hash: string;
  readonly stage: string;
  readonly error: string | null;
}): RunRecord {
  return { runId: row.run_id, requestHash: row.request_hash, stage: row.stage as RunStage, error: row.error };
}

export function entryOf(row: ActivationRow): ActivationEntry {
  return {
    strategyId: row.strategy_id,
    side: row.side === "short" ? "short" : "long",
    active: row.active === 1,
    weight: row.weight,
    freeze: row.freeze !== 0,
    drain: row.drain !== 0,
    effectiveMode: isEffectiveMode(row.effective_mode) ? row.effective_mode : null,
  };
}

/** Hash of all that a change of a world can change, for the audit (W-6). */
export async function digestOf(database: Kysely<WorldTables>, world: WorldState): Promise<string> {
  const overrides = await database
    .selectFrom("world_edge_overrides")
    .select(["src_node_id", "dst_node_id", "active", "reason"])
    .where("world_id", "=", world.row.id)
    .orderBy("src_node_id")
    .orderBy("dst_node_id")
    .execute();
  const { updated_ms: _updated, ...row } = world.row;
  return blake3Text(
    sortedAsciiJson(["qmtl/world/1", row, world.stateHash, world.record.run?.stage ?? null, world.bindings, overrides]),
  );
}

function recordOf(row: WorldRow, run: RunRecord | null): WorldRecord {
  const phase = worldPhases.find((known) => known === row.phase);
  if (phase === undefined) throw new QmtlError("STORE_CORRUPT", `world "${row.id}" is in phase ${row.phase}`);
  const killed = row.killed === null ? null : (JSON.parse(row.killed) as Kill);
  return { worldId: row.id, phase, epoch: row.epoch, sequence: row.sequence, killed, run };
}

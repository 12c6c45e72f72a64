import { blake3Text, sortedAsciiJson, type EpochMs, type ExecutionDomain } from "@qmtl/core";
import { activationStateHash, activationTable, type ActivationEntry } from "@qmtl/policy/activation";
import type { WorldRecord, WorldTransition } from "@qmtl/policy/world-protocol";
import { entryOf, type WorldRow } from "../store/world-state.ts";
import type { Asked, Change } from "../store/world-store.ts";
import { entryEvent, worldEvent, type EventFrame } from "./activation-events.ts";
import { publishPolicy } from "./policy-events.ts";
import type { RunSnapshot, RunTarget } from "./run-target.ts";
import type { StoredRun } from "./stored-run.ts";

/** A step of the world protocol on its way into the store. */
export interface Transition {
  readonly transition: WorldTransition;
  readonly record: WorldRecord;
  readonly asked: Asked;
  readonly runId: string;
  /** Of a freeze: what the run is to do. */
  readonly target?: RunTarget;
  /** Of the later steps of an apply. */
  readonly run?: StoredRun;
  /** Of a change outside an apply. */
  readonly entries?: readonly ActivationEntry[];
}

/** The columns of a world's row that are its record. */
export function changesOf({
  phase,
  epoch,
  sequence,
  killed,
  run,
}: WorldRecord): Pick<WorldRow, "phase" | "epoch" | "sequence" | "killed" | "run_id"> {
  return {
    phase,
    epoch,
    sequence,
    killed: killed === null ? null : JSON.stringify(killed),
    run_id: run?.runId ?? null,
  };
}

/** Writes what a step changes besides the record, and the events that tell of it. */
export async function carryOut(change: Change, step: Transition): Promise<void> {
  switch (step.transition) {
    case "freeze": {
      const target = needed(step.target);
      await insertRun(change, step.record, step.asked, step.runId, target);
      await setEdges(change, target.disableBefore, false, `run ${step.runId}`);
      return publish(change, step, [], "freeze");
    }
    case "frozen":
      return updateRun(change, step.record);
    case "switch": {
      const run = needed(step.run);
      const entries = run.entriesToSwitch(change.world);
      await writeEntries(change, step.record, entries, step.runId);
      const { decisions, memory, mode, dataIsCurrent, decidedMs } = run.target;
      change.set({
        decisions: JSON.stringify(decisions),
        memory: JSON.stringify(memory),
        mode,
        data_is_current: dataIsCurrent ? 1 : 0,
        decided_ms: decidedMs,
      });
      await updateRun(change, step.record);
      const { default_policy_version: version } = change.world.row;
      if (version > 0) publishPolicy(change, version, blake3Text(sortedAsciiJson(decisions.toSorted())));
      return publish(change, step, entries);
    }
    case "rollback": {
      const run = needed(step.run);
      const entries = run.entriesToRestore(change.world);
      await restore(change, run.snapshot);
      await updateRun(change, step.record);
      return publish(change, step, entries, "freeze");
    }
    case "unfreeze":
      if (step.run !== undefined) {
        await setEdges(change, step.run.target.enableAfter, true, `run ${step.runId}`);
        await updateRun(change, step.record);
      }
      return publish(change, step, [], "unfreeze");
    case "change":
      await writeEntries(change, step.record, needed(step.entries), step.runId);
      return publish(change, step, needed(step.entries));
    case "kill":
      return publish(change, step, [], "freeze");
    case "revive":
    case "recall":
      return publish(change, step, []);
  }
}

// The last event of a step is the world's own, except for changes of entries alone.
async function publish(
  change: Change,
  step: Transition,
  entries: readonly ActivationEntry[],
  phase?: "freeze" | "unfreeze",
): Promise<void> {
  const { record, runId, asked } = step;
  const rows = await change.transaction
    .selectFrom("world_activation")
    .selectAll()
    .where("world_id", "=", record.worldId)
    .execute();
  const stateHash = activationStateHash(activationTable(rows.map(entryOf)));
  const frame: EventFrame = { record, stateHash, runId, nowMs: change.nowMs, correlationId: asked.correlationId };
  const first = change.world.record.sequence + 1;
  change.publish(...entries.map((entry, index) => entryEvent(frame, first + index, entry)));
  if (step.transition !== "change") change.publish(worldEvent(frame, record.sequence, phase));
}

async function insertRun(
  { transaction, world, nowMs }: Change,
  { run }: WorldRecord,
  asked: Asked,
  runId: string,
  target: RunTarget,
): Promise<void> {
  const overrides = await transaction
    .selectFrom("world_edge_overrides")
    .selectAll()
    .where("world_id", "=", world.row.id)
    .execute();
  const { decisions, memory, mode, data_is_current: dataIsCurrent, decided_ms: decidedMs } = world.row;
  const snapshot: RunSnapshot = {
    activation: world.activationRows,
    decisions,
    memory,
    mode,
    dataIsCurrent,
    decidedMs,
    overrides,
  };
  await transaction
    .insertInto("world_runs")
    .values({
      world_id: world.row.id,
      run_id: runId,
      request_hash: asked.requestHash,
      stage: run?.stage ?? "freezing",
      error: null,
      in_flight: 1,
      target: JSON.stringify(target),
      snapshot: JSON.stringify(snapshot),
      actor: asked.actor,
      correlation_id: asked.correlationId,
      started_ms: nowMs,
      updated_ms: nowMs,
    })
    .execute();
}

async function updateRun({ transaction, nowMs }: Change, { worldId, run }: WorldRecord): Promise<void> {
  if (run === null) return;
  const { runId, stage, error } = run;
  const in_flight = stage === "completed" || stage === "rolled_back" ? 0 : 1;
  await transaction
    .updateTable("world_runs")
    .set({ stage, error, in_flight, updated_ms: nowMs })
    .where("world_id", "=", worldId)
    .where("run_id", "=", runId)
    .execute();
}

/** An entry's version is the sequence number of the event that tells of it. */
async function writeEntries(
  { transaction, world, nowMs }: Change,
  { worldId }: WorldRecord,
  entries: readonly ActivationEntry[],
  runId: string,
): Promise<void> {
  for (const [index, entry] of entries.entries()) {
    const values = {
      active: entry.active ? 1 : 0,
      weight: entry.weight,
      freeze: entry.freeze ? 1 : 0,
      drain: entry.drain ? 1 : 0,
      effective_mode: entry.effectiveMode,
      run_id: runId,
      written_ms: nowMs,
      version: world.record.sequence + 1 + index,
    };
    await transaction
      .insertInto("world_activation")
      .values({ world_id: worldId, strategy_id: entry.strategyId, side: entry.side, ...values })
      .onConflict((conflict) => conflict.columns(["world_id", "strategy_id", "side"]).doUpdateSet(values))
      .execute();
  }
}

// Row by row what was there: equal rows, so an equal hash (W-4).
async function restore({ transaction, world, set }: Change, snapshot: RunSnapshot): Promise<void> {
  const ofWorld = ["world_id", "=", world.row.id] as const;
  await transaction
    .deleteFrom("world_activation")
    .where(...ofWorld)
    .execute();
  for (const row of snapshot.activation) await transaction.insertInto("world_activation").values(row).execute();
  await transaction
    .deleteFrom("world_edge_overrides")
    .where(...ofWorld)
    .execute();
  for (const row of snapshot.overrides) await transaction.insertInto("world_edge_overrides").values(row).execute();
  const { decisions, memory, mode, dataIsCurrent, decidedMs } = snapshot;
  set({ decisions, memory, mode, data_is_current: dataIsCurrent, decided_ms: decidedMs });
}

async function setEdges(
  { transaction, world, nowMs }: Change,
  domains: readonly ExecutionDomain[],
  active: boolean,
  why: string,
): Promise<void> {
  for (const domain of domains) {
    await putOverride(transaction, world.row.id, `domain:${domain}`, active, why, nowMs);
  }
}

async function putOverride(
  transaction: Change["transaction"],
  worldId: string,
  target: string,
  active: boolean,
  reason: string,
  nowMs: EpochMs,
): Promise<void> {
  const values = { active: active ? 1 : 0, reason, updated_ms: nowMs };
  await transaction
    .insertInto("world_edge_overrides")
    .values({ world_id: worldId, src_node_id: "domain:backtest", dst_node_id: target, ...values })
    .onConflict((conflict) => conflict.columns(["world_id", "src_node_id", "dst_node_id"]).doUpdateSet(values))
    .execute();
}

function needed<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error("internal: a transition lacks a part");
  return part;
}

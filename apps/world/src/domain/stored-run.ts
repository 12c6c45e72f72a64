import type { EpochMs } from "@qmtl/core";
import { activationKey, type ActivationEntry } from "@qmtl/policy/activation";
import type { RunRecord, RunStage } from "@qmtl/policy/world-protocol";
import type { Selectable } from "kysely";
import type { WorldTables } from "../store/tables.ts";
import { entryOf, type WorldState } from "../store/world-state.ts";
import type { Asked } from "../store/world-store.ts";
import { changedEntries, type RunSnapshot, type RunTarget } from "./run-target.ts";

/** An apply as it is written down: what it is to do, and what it is to undo. */
export class StoredRun implements RunRecord {
  readonly worldId: string;
  readonly runId: string;
  readonly requestHash: string;
  readonly stage: RunStage;
  readonly error: string | null;
  readonly asked: Asked;
  readonly startedMs: EpochMs;
  readonly target: RunTarget;
  readonly snapshot: RunSnapshot;

  constructor(row: Selectable<WorldTables["world_runs"]>) {
    this.worldId = row.world_id;
    this.runId = row.run_id;
    this.requestHash = row.request_hash;
    this.stage = row.stage as RunStage;
    this.error = row.error;
    this.asked = { actor: row.actor, correlationId: row.correlation_id, requestHash: row.request_hash };
    this.startedMs = row.started_ms;
    this.target = JSON.parse(row.target) as RunTarget;
    this.snapshot = JSON.parse(row.snapshot) as RunSnapshot;
  }

  /** Strategies the run takes in, and out. */
  get counts(): { readonly promoted: number; readonly demoted: number } {
    const before = JSON.parse(this.snapshot.decisions) as readonly string[];
    const after = this.target.decisions;
    const promoted = after.filter((id) => !before.includes(id)).length;
    return { promoted, demoted: before.length + promoted - after.length };
  }

  /** Entries that the switch changes; none once it has been made. */
  entriesToSwitch({ activation }: WorldState): readonly ActivationEntry[] {
    return changedEntries(activation, this.target.entries);
  }

  /** Entries that a rollback changes, as they were; one that was not there before is told of as closed. */
  entriesToRestore({ activation }: WorldState): readonly ActivationEntry[] {
    const before = this.snapshot.activation.map(entryOf);
    const known = new Set(before.map(({ strategyId, side }) => activationKey(strategyId, side)));
    const gone = [...activation].filter(([key]) => !known.has(key)).map(([, entry]) => closed(entry));
    return [...changedEntries(activation, before), ...gone];
  }
}

function closed(entry: ActivationEntry): ActivationEntry {
  return { ...entry, active: false, weight: 0, freeze: false, drain: false };
}

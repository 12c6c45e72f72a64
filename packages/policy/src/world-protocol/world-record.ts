/**
 * Where a world stands between two activations. Orders may leave in ACTIVE alone; from FREEZING until the next unfreeze
 * no lease is granted.
 */
export type WorldPhase = "ACTIVE" | "FREEZING" | "FROZEN" | "SWITCHED" | "ROLLED_BACK";

export const worldPhases: readonly WorldPhase[] = ["ACTIVE", "FREEZING", "FROZEN", "SWITCHED", "ROLLED_BACK"];

/** How far an apply has come. `completed` and `rolled_back` are its ends. */
export type RunStage = "freezing" | "frozen" | "switched" | "completed" | "rolled_back";

export interface RunRecord {
  readonly runId: string;
  /** Hash of the request's body: the same run id with another body is another request, and refused. */
  readonly requestHash: string;
  readonly stage: RunStage;
  readonly error: string | null;
}

export interface Kill {
  readonly actor: string;
  readonly reason: string;
}

/** The part of a world that survives the process. Written in one transaction with what the step changed. */
export interface WorldRecord {
  readonly worldId: string;
  readonly phase: WorldPhase;
  /** Raised by every freeze, unfreeze, kill and revival, and never lowered (W-1). */
  readonly epoch: number;
  /** Counts the events of the world's activation stream (W-1): `(world, sequence)` names one event for ever. */
  readonly sequence: number;
  readonly killed: Kill | null;
  /** The apply that is in flight, or the last one. */
  readonly run: RunRecord | null;
}

export function newWorldRecord(worldId: string): WorldRecord {
  return { worldId, phase: "ACTIVE", epoch: 1, sequence: 0, killed: null, run: null };
}

export function isFinished(run: RunRecord): boolean {
  return run.stage === "completed" || run.stage === "rolled_back";
}

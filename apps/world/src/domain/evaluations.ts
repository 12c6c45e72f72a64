import type { EvaluateRequest } from "@qmtl/contracts/worlds";
import { blake3Text, parseInstant, QmtlError, sortedAsciiJson, type Clock, type EpochMs } from "@qmtl/core";
import { decide, replayPolicy, type Decision, type DecisionInputs, type PolicyReplay } from "@qmtl/policy/decide";
import { parsePolicy, type Policy } from "@qmtl/policy/document";
import { nextCount } from "@qmtl/store";
import type { Selectable } from "kysely";
import type { WorldTables } from "../store/tables.ts";
import type { WorldState } from "../store/world-state.ts";
import type { Asked, WorldStore } from "../store/world-store.ts";
import { inputsOf } from "./evaluation-inputs.ts";
import type { Policies } from "./policies.ts";

/** An evaluation as it is written down: with these inputs this policy says this, for ever (W-8). */
export interface Evaluation {
  readonly evaluationId: string;
  readonly decidedMs: EpochMs;
  /** 0 for a policy that came with the request. */
  readonly policyVersion: number;
  readonly policy: Policy;
  readonly inputs: DecisionInputs;
  readonly decision: Decision;
}

/** Judges strategies by a policy, and remembers how. Changes no activation. */
export class Evaluations {
  readonly #store: WorldStore;
  readonly #policies: Policies;
  readonly #clock: Clock;

  constructor(store: WorldStore, policies: Policies, clock: Clock) {
    this.#store = store;
    this.#policies = policies;
    this.#clock = clock;
  }

  /**
   * Judges and writes down. The same inputs at the same decision time are the same evaluation: asked again, it answers
   * what it has answered.
   *
   * @throws QmtlError `POLICY_NOT_FOUND`, `POLICY_INVALID`, `REQUEST_INVALID`
   */
  evaluate(worldId: string, asked: Asked, request: EvaluateRequest): Promise<Evaluation> {
    return this.#store.turn(worldId, async () => this.record(await this.#store.current(worldId), asked, request));
  }

  /** As `evaluate`, within a turn of the world. */
  async record(world: WorldState, asked: Asked, request: EvaluateRequest): Promise<Evaluation> {
    const worldId = world.row.id;
    const evaluation = await this.#judge(world, request);
    const known = await this.#read(worldId, evaluation.evaluationId);
    if (known !== undefined) return evaluationOf(known);
    await this.#store.change(worldId, asked, "evaluated", async ({ transaction, set, note }) => {
      const position = await nextCount(transaction, `world/evaluations/${worldId}`);
      const { evaluationId, decidedMs, policyVersion, policy, inputs, decision } = evaluation;
      note({ evaluation_id: evaluationId, policy_version: policyVersion, active: decision.active });
      await transaction
        .insertInto("world_evaluations")
        .values({
          world_id: worldId,
          evaluation_id: evaluationId,
          position,
          decided_ms: decidedMs,
          policy_version: policyVersion,
          policy: JSON.stringify(policy.document),
          inputs: JSON.stringify(inputs),
          decision: JSON.stringify(decision),
        })
        .execute();
      await transaction
        .deleteFrom("world_evaluations")
        .where("world_id", "=", worldId)
        .where("position", "<=", position - keptMax)
        .execute();
      // What was only tried out leaves no trace in the counts of the world's own policy.
      if (policyVersion > 0 && request.previous === undefined)
        set({ memory: JSON.stringify(counted(world, decision)) });
    });
    return evaluation;
  }

  async #judge(world: WorldState, request: EvaluateRequest): Promise<Evaluation> {
    const { id, default_policy_version: policyVersion } = world.row;
    const own = request.policy === undefined;
    const policy = own ? await this.#policies.parsed(id, policyVersion) : parsePolicy(request.policy);
    const inputs = inputsOf(request, world, this.#clock.nowMs());
    const { memory: _memory, ...asked } = inputs;
    const question = [id, policy.checksum, JSON.parse(JSON.stringify(asked)), request.previous ?? null];
    const hash = blake3Text(sortedAsciiJson(question));
    return {
      evaluationId: `ev:${hash.slice(7, 39)}`,
      decidedMs: inputs.decidedAtMs,
      policyVersion: own ? policyVersion : 0,
      policy,
      inputs,
      decision: decide(policy, inputs),
    };
  }

  /** @throws QmtlError `EVALUATION_NOT_FOUND` */
  async get(worldId: string, evaluationId: string): Promise<Evaluation> {
    const row = await this.#read(worldId, evaluationId);
    if (row === undefined) {
      throw new QmtlError("EVALUATION_NOT_FOUND", `world "${worldId}" has no evaluation "${evaluationId}"`);
    }
    return evaluationOf(row);
  }

  /** The last one, or the last at or before a time; undefined where there is none. */
  async latest(worldId: string, asOfMs?: EpochMs): Promise<Evaluation | undefined> {
    let query = this.#store.database.selectFrom("world_evaluations").selectAll().where("world_id", "=", worldId);
    if (asOfMs !== undefined) query = query.where("decided_ms", "<=", asOfMs);
    const row = await query.orderBy("decided_ms", "desc").orderBy("position", "desc").limit(1).executeTakeFirst();
    return row === undefined ? undefined : evaluationOf(row);
  }

  /** What a policy would have made of the recorded evaluations, changing nothing. */
  async replay(worldId: string, source: unknown, from?: unknown, to?: unknown): Promise<PolicyReplay> {
    const policy = parsePolicy(source);
    const fromMs = from === undefined ? Number.MIN_SAFE_INTEGER : parseInstant(from, "from");
    const toMs = to === undefined ? Number.MAX_SAFE_INTEGER : parseInstant(to, "to");
    const rows = await this.#store.database
      .selectFrom("world_evaluations")
      .selectAll()
      .where("world_id", "=", worldId)
      .where("policy_version", ">", 0)
      .where("decided_ms", ">=", fromMs)
      .where("decided_ms", "<", toMs)
      .orderBy("decided_ms")
      .orderBy("position")
      .limit(keptMax)
      .execute();
    return replayPolicy(
      policy,
      rows.map((row) => {
        const inputs = JSON.parse(row.inputs) as DecisionInputs;
        const { active } = JSON.parse(row.decision) as Decision;
        return { evaluationId: row.evaluation_id, inputs, active };
      }),
    );
  }

  #read(worldId: string, evaluationId: string): Promise<Selectable<WorldTables["world_evaluations"]> | undefined> {
    return this.#store.database
      .selectFrom("world_evaluations")
      .selectAll()
      .where("world_id", "=", worldId)
      .where("evaluation_id", "=", evaluationId)
      .executeTakeFirst();
  }
}

/** Evaluations kept of each world. */
const keptMax = 10_000;

function evaluationOf(row: Selectable<WorldTables["world_evaluations"]>): Evaluation {
  return {
    evaluationId: row.evaluation_id,
    decidedMs: row.decided_ms,
    policyVersion: row.policy_version,
    policy: parsePolicy(JSON.parse(row.policy)),
    inputs: JSON.parse(row.inputs) as DecisionInputs,
    decision: JSON.parse(row.decision) as Decision,
  };
}

// Evaluations in a row count at once; who is in, and since when, only an apply changes.
function counted({ memory }: WorldState, decision: Decision): DecisionInputs["memory"] {
  const after: Record<string, DecisionInputs["memory"][string]> = { ...memory };
  for (const [id, { passes, fails }] of Object.entries(decision.memory)) {
    const before = Object.hasOwn(memory, id) ? memory[id] : undefined;
    after[id] = { active: before?.active ?? false, sinceMs: before?.sinceMs ?? null, passes, fails };
  }
  return after;
}

import type { ApplyRequest, EvaluateRequest } from "@qmtl/contracts/worlds";
import { executionDomainOfMode, QmtlError, type Clock } from "@qmtl/core";
import { effectiveModeOf, type EffectiveMode } from "@qmtl/policy/activation";
import { parseGatingPolicy, type GatingPolicy } from "@qmtl/policy/gating";
import type { RunRecord } from "@qmtl/policy/world-protocol";
import type { WorldState } from "../store/world-state.ts";
import type { Asked, WorldStore } from "../store/world-store.ts";
import { requestedMode } from "./activations.ts";
import type { Evaluations } from "./evaluations.ts";
import type { Policies } from "./policies.ts";
import { etagsOf, requireEtag, worldEtag } from "./preconditions.ts";
import { entriesOfDecision, entriesOfPlan, memoryOfPlan, type RunTarget } from "./run-target.ts";
import type { WorldProtocolService } from "./world-protocol-service.ts";

/** From a request to the target of a run. */
export class Applies {
  readonly #store: WorldStore;
  readonly #protocol: WorldProtocolService;
  readonly #evaluations: Evaluations;
  readonly #policies: Policies;
  readonly #clock: Clock;

  constructor(
    store: WorldStore,
    protocol: WorldProtocolService,
    evaluations: Evaluations,
    policies: Policies,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#store = store;
    this.#protocol = protocol;
    this.#evaluations = evaluations;
    this.#policies = policies;
  }

  /**
   * Freeze, switch, unfreeze. Answers with the end, or with how far it has come after `waitMs`; the same request again
   * finds the same run.
   */
  async apply(
    worldId: string,
    asked: Asked,
    request: ApplyRequest,
    ifMatch: string | undefined,
    waitMs: number,
  ): Promise<{ readonly run: RunRecord; readonly active: readonly string[] }> {
    const gating = request.gating_policy === undefined ? undefined : parseGatingPolicy(request.gating_policy);
    const { run_id: runId } = request;
    const expectedEpoch = await this.#expectedEpoch(worldId, request, ifMatch);
    const plan = (world: WorldState): Promise<RunTarget> => this.#target(world, asked, request, gating);
    const run = await this.#protocol.apply(worldId, asked, { runId, expectedEpoch, plan }, waitMs);
    const { decisions } = await this.#store.current(worldId);
    return { run, active: decisions };
  }

  /** What a request says it is based on (W-7). For a run that is known already it no longer matters. */
  async #expectedEpoch(worldId: string, request: ApplyRequest, ifMatch: string | undefined): Promise<number> {
    const world = await this.#store.current(worldId);
    const known = await this.#store.database
      .selectFrom("world_runs")
      .select("run_id")
      .where("world_id", "=", worldId)
      .where("run_id", "=", request.run_id)
      .executeTakeFirst();
    if (known !== undefined) return world.record.epoch;
    if (request.expected_epoch !== undefined) {
      if (ifMatch !== undefined && !etagsOf(ifMatch).includes(worldEtag(world))) requireEtag(world, ifMatch);
      return request.expected_epoch;
    }
    requireEtag(world, ifMatch);
    return world.record.epoch;
  }

  async #target(
    world: WorldState,
    asked: Asked,
    request: ApplyRequest,
    gating: GatingPolicy | undefined,
  ): Promise<RunTarget> {
    const { disableBefore = [], enableAfter = [] } = gating ?? {};
    const mode = targetMode(world, request, gating);
    const drains = await this.drains(world);
    const common = { mode, disableBefore, enableAfter };
    if (request.plan !== undefined) {
      const { activate = [], deactivate = [] } = request.plan;
      const { entries, active } = entriesOfPlan(world, { activate, deactivate }, drains);
      const decidedMs = this.#clock.nowMs();
      const memory = memoryOfPlan(world, active, decidedMs);
      return { ...common, entries, decisions: active, memory, dataIsCurrent: true, decidedMs };
    }
    const { decision, decidedMs } =
      request.evaluation_id === undefined
        ? await this.#evaluations.record(world, asked, evaluationIn(request))
        : await this.#evaluations.get(world.row.id, request.evaluation_id);
    return {
      ...common,
      entries: entriesOfDecision(world.activation, decision, drains),
      decisions: decision.active,
      memory: decision.memory,
      dataIsCurrent: decision.dataIsCurrent,
      decidedMs,
    };
  }

  /** Whether strategies that go out may still shrink their positions. */
  async drains({ row }: WorldState): Promise<boolean> {
    if (row.default_policy_version === 0) return false;
    const { positions } = await this.#policies.parsed(row.id, row.default_policy_version);
    return positions.onDemote === "disable_then_flat";
  }
}

function evaluationIn(request: ApplyRequest): EvaluateRequest {
  const { run_id: _run, plan: _plan, gating_policy: _gating, effective_mode: _mode, ...rest } = request;
  const { evaluation_id: _evaluation, expected_epoch: _epoch, ...evaluation } = rest;
  return evaluation;
}

/**
 * The mode after an apply: the one asked for, else that of the domain the gating policy leads to, else what it was and
 * at least paper. Only an explicit word leads to live, and only where the world allows it (W-5).
 */
function targetMode(world: WorldState, request: ApplyRequest, gating: GatingPolicy | undefined): EffectiveMode {
  const { effective_mode: word } = request;
  const domain = gating?.targetDomain;
  if (domain === "shadow")
    throw new QmtlError("REQUEST_INVALID", "an apply does not lead to shadow; it is for operators");
  const asked = word === undefined ? undefined : requestedMode(word, world);
  if (domain !== undefined && asked !== undefined && executionDomainOfMode(asked) !== domain) {
    throw new QmtlError(
      "REQUEST_INVALID",
      `effective_mode ${asked} does not lead to ${domain}, as the gating policy says`,
    );
  }
  if (asked !== undefined) return asked;
  if (domain !== undefined)
    return requestedMode(domain === "backtest" ? "compute-only" : effectiveModeOf(wordOf(domain)), world);
  return world.mode === "live" ? "live" : "paper";
}

function wordOf(domain: "dryrun" | "live"): EffectiveMode {
  return domain === "live" ? "live" : "paper";
}

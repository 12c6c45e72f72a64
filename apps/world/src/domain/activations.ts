import type { ActivationRequest } from "@qmtl/contracts/worlds";
import { formatInstant, QmtlError } from "@qmtl/core";
import {
  activationKey,
  activationOf,
  effectiveModeOf,
  isEffectiveMode,
  lowerMode,
  type ActivationEntry,
  type EffectiveMode,
} from "@qmtl/policy/activation";
import { entryOf, type ActivationRow, type WorldState } from "../store/world-state.ts";
import type { Asked, WorldStore } from "../store/world-store.ts";
import { activationEtag } from "./activation-events.ts";
import { decisionOf } from "./decision-envelope.ts";
import { requireMatch } from "./preconditions.ts";
import type { WorldProtocolService } from "./world-protocol-service.ts";

export interface ActivationEnvelope {
  readonly world_id: string;
  readonly strategy_id: string;
  readonly side: string;
  /** As it works now: the phase of the world and the kill switch have their say. */
  readonly active: boolean;
  readonly weight: number;
  readonly freeze: boolean;
  readonly drain: boolean;
  readonly effective_mode: EffectiveMode;
  readonly etag: string;
  readonly run_id: string;
  readonly ts: string;
  readonly state_hash: string;
  readonly phase: string;
  readonly epoch: number;
  readonly sequence: number;
}

/** The activation table of a world, entry by entry. */
export class Activations {
  readonly #store: WorldStore;
  readonly #protocol: WorldProtocolService;

  constructor(store: WorldStore, protocol: WorldProtocolService) {
    this.#store = store;
    this.#protocol = protocol;
  }

  /** @throws QmtlError `ACTIVATION_NOT_FOUND` */
  async get(worldId: string, strategyId: string, side: string): Promise<ActivationEnvelope> {
    return envelopeIn(await this.#store.current(worldId), strategyId, side);
  }

  /** @throws QmtlError `LIVE_GUARD`, `PRECONDITION_FAILED`, `PRECONDITION_REQUIRED`, `APPLY_IN_PROGRESS` */
  async put(
    worldId: string,
    asked: Asked,
    request: ActivationRequest,
    ifMatch: string | undefined,
  ): Promise<ActivationEnvelope> {
    const { strategy_id: strategyId, side, run_id: runId = "" } = request;
    const world = await this.#protocol.changeActivation(
      worldId,
      asked,
      (before) => {
        const row = rowOf(before, strategyId, side);
        if (row !== undefined) {
          const etag = activationEtag(worldId, strategyId, side, row.version);
          requireMatch(`the activation of "${strategyId}" ${side}`, etag, ifMatch ?? request.etag);
        }
        return [entryFrom(request, before)];
      },
      runId,
    );
    return envelopeIn(world, strategyId, side);
  }

  /** Everything an order gate opens on, of one moment. */
  async orderState(worldId: string, drainReduceOnly: (world: WorldState) => Promise<boolean>) {
    const world = await this.#store.current(worldId);
    const { record, stateHash } = world;
    return {
      phase: record.phase,
      epoch: record.epoch,
      sequence: record.sequence,
      killed: record.killed !== null,
      state_hash: stateHash,
      drain_reduce_only: await drainReduceOnly(world),
      entries: [...world.activation.values()].map((entry) => ({
        strategy_id: entry.strategyId,
        side: entry.side,
        active: entry.active,
        weight: entry.weight,
        freeze: entry.freeze,
        drain: entry.drain,
        effective_mode: entry.effectiveMode,
      })),
    };
  }
}

/** @throws QmtlError `LIVE_GUARD`, `REQUEST_INVALID` */
export function requestedMode(word: string, { row }: WorldState): EffectiveMode {
  const mode = effectiveModeOf(word);
  const spelled = word.trim().toLowerCase().replaceAll("_", "-");
  if (mode === "compute-only" && spelled !== "compute-only") {
    throw new QmtlError(
      "REQUEST_INVALID",
      `effective_mode must be validate, compute-only, paper or live; found "${word}"`,
    );
  }
  if (mode === "live" && row.allow_live !== 1) {
    throw new QmtlError("LIVE_GUARD", `world "${row.id}" does not allow live trading`, {
      details: { world_id: row.id },
      hint: "an owner may set allow_live",
    });
  }
  return mode;
}

function entryFrom(request: ActivationRequest, world: WorldState): ActivationEntry {
  const { strategy_id: strategyId, side, active, weight, freeze = false, drain = false } = request;
  return {
    strategyId,
    side,
    active,
    weight: weight ?? (active ? 1 : 0),
    freeze,
    drain,
    effectiveMode: request.effective_mode === undefined ? null : requestedMode(request.effective_mode, world),
  };
}

function rowOf(world: WorldState, strategyId: string, side: string): ActivationRow | undefined {
  return world.activationRows.find((row) => row.strategy_id === strategyId && row.side === side);
}

function envelopeIn(world: WorldState, strategyId: string, side: string): ActivationEnvelope {
  const row = rowOf(world, strategyId, side);
  const { record } = world;
  if (row === undefined) {
    throw new QmtlError(
      "ACTIVATION_NOT_FOUND",
      `world "${record.worldId}" has no activation of "${strategyId}" ${side}`,
      {
        details: { world_id: record.worldId, strategy_id: strategyId, side },
      },
    );
  }
  const entry = world.activation.get(activationKey(strategyId, side === "short" ? "short" : "long")) ?? entryOf(row);
  const open = record.phase === "ACTIVE" && record.killed === null;
  const active = open && activationOf(entry) === "active";
  const etag = activationEtag(record.worldId, strategyId, side, row.version);
  const { effective_mode } = decisionOf(world);
  return {
    world_id: record.worldId,
    strategy_id: strategyId,
    side,
    active,
    weight: open && entry.active ? entry.weight : 0,
    freeze: entry.freeze || !open,
    drain: entry.drain || !open,
    effective_mode: isEffectiveMode(entry.effectiveMode)
      ? lowerMode(effective_mode, entry.effectiveMode)
      : effective_mode,
    etag,
    run_id: row.run_id,
    ts: formatInstant(row.written_ms),
    state_hash: world.stateHash,
    phase: record.phase,
    epoch: record.epoch,
    sequence: record.sequence,
  };
}

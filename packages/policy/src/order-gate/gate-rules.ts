import { activationKey, activationOf, lowerMode, type EffectiveMode } from "../activation/index.ts";
import { breachOf, onlyShrinks } from "./exposure.ts";
import type { HeldLease, OrderGateState, WorldView } from "./gate-state.ts";
import type { LeavingOrder } from "./may-leave.ts";

/** How often a lease is asked for. */
export const leaseAskEveryMs = 800;

/**
 * The decisions of the holder's side that must not be wrong, each small and by name, so that a simulation can put a
 * known wrong one in its place and show that it is caught. Each says yes or no; what is missing, NaN or unknown is a no
 * (OG-1), which is why comparisons stand so that NaN fails them.
 */
export interface GateRules {
  /** From when a lease counts: from the request, for the answer may have been under way for long. */
  leaseStartMs(askedAtMs: number, receivedAtMs: number): number;
  /** The lease that holds now. */
  validLease(state: OrderGateState, nowMs: number): HeldLease | undefined;
  phaseIsOpen(view: WorldView): boolean;
  epochsAgree(lease: HeldLease, view: WorldView, seenEpoch: number, orderEpoch: number): boolean;
  modeAllows(mode: EffectiveMode, order: LeavingOrder): boolean;
  decisionIsFresh(lease: HeldLease, nowMs: number): boolean;
  streamIsInSync(state: OrderGateState, view: WorldView): boolean;
  isKilled(state: OrderGateState, view: WorldView): boolean;
  activationAllows(state: OrderGateState, view: WorldView, order: LeavingOrder): boolean;
  withinLimits(state: OrderGateState, order: LeavingOrder): boolean;
  /** Whether an event of that schema version can be understood. */
  knowsVersion(version: unknown): boolean;
  /** Whether news of a view is no older than the view. */
  isNewer(view: WorldView | undefined, epoch: number, sequence: number): boolean;
}

export const gateRules: GateRules = {
  leaseStartMs: (askedAtMs) => askedAtMs,
  validLease: ({ lease }, nowMs) => (lease !== undefined && nowMs < lease.endsAtMs ? lease : undefined),
  phaseIsOpen: (view) => view.phase === "ACTIVE",
  epochsAgree: (lease, view, seenEpoch, orderEpoch) =>
    lease.epoch === view.epoch && view.epoch === orderEpoch && view.epoch >= seenEpoch,
  modeAllows(mode, order) {
    if (order.venue === "live") return mode === "live" && order.executionDomain === "live";
    return (
      order.venue === "simulated" &&
      (mode === "paper" || mode === "live") &&
      (order.executionDomain === "dryrun" || order.executionDomain === "live")
    );
  },
  decisionIsFresh: (lease, nowMs) => nowMs < lease.freshUntilMs,
  streamIsInSync: ({ stream }, view) =>
    stream.kind === "caught-up" && view.sequence >= stream.highWater && view.ownHash === view.stateHash,
  isKilled: (state, view) => state.killed !== undefined || view.killed !== false,
  activationAllows({ book }, view, order) {
    const activation = activationOf(view.entries.get(activationKey(order.strategyId, order.side)));
    if (activation === "active") return true;
    return (
      activation === "draining" &&
      view.drainReduceOnly &&
      order.reduceOnly &&
      book !== undefined &&
      onlyShrinks(book, order.exposure)
    );
  },
  withinLimits: ({ book }, order) => book !== undefined && breachOf(book, order.exposure) === undefined,
  knowsVersion: (version) => version === 1,
  isNewer: (view, epoch, sequence) => view === undefined || (epoch >= view.epoch && sequence >= view.sequence),
};

/** The mode an order of that strategy and side stands under: the world's, or the entry's where that is lower. */
export function modeOf(lease: HeldLease, view: WorldView, order: LeavingOrder): EffectiveMode {
  const ceiling = view.entries.get(activationKey(order.strategyId, order.side))?.effectiveMode;
  return ceiling === null || ceiling === undefined ? lease.mode : lowerMode(lease.mode, ceiling);
}

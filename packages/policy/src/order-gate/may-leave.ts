import type { ActivationSide } from "../activation/index.ts";
import type { BookOrder } from "./exposure.ts";
import { gateRules, modeOf, type GateRules } from "./gate-rules.ts";
import type { OrderGateState, VenueKind } from "./gate-state.ts";

/** An order about to be sent. What only takes orders out of the market is a cancel, and needs no gate (OG-6). */
export interface LeavingOrder {
  readonly strategyId: string;
  /** The side of the activation table that the order's position belongs to. */
  readonly side: ActivationSide;
  readonly venue: VenueKind;
  /** Domain of the run that made the order. */
  readonly executionDomain: string;
  /** Epoch of the view on which the order was decided. */
  readonly epoch: number;
  readonly reduceOnly: boolean;
  /** What the order adds to the sender's book. */
  readonly exposure: BookOrder;
}

export type GateVerdict = { readonly kind: "approved" } | { readonly kind: "refused"; readonly reason: RefusalReason };

export type RefusalReason =
  | "killed"
  | "no_view"
  | "out_of_sync"
  | "phase"
  | "lease"
  | "epoch"
  | "mode"
  | "decision_stale"
  | "inactive"
  | "venue"
  | "limits";

/**
 * Whether an order may leave now (OG-1): `lease ∧ phase ∧ epoch ∧ fresh ∧ in sync ∧ ¬kill ∧ limits`. Ask in the same
 * turn in which the order is sent, with no `await` between, and put the order into the book first.
 *
 * @param nowMs - the holder's monotonic clock, read in this turn
 */
export function mayLeave(
  state: OrderGateState,
  order: LeavingOrder,
  nowMs: number,
  rules: GateRules = gateRules,
): GateVerdict {
  if (order.venue !== state.venue || order.strategyId !== state.strategyId) return refused("venue");
  const closed = closedBecause(state, nowMs, rules);
  if (closed !== undefined) return refused(closed);
  const { view } = state;
  const lease = rules.validLease(state, nowMs);
  if (view === undefined) return refused("no_view");
  if (lease === undefined) return refused("lease");
  if (!rules.epochsAgree(lease, view, state.seen.epoch, order.epoch)) return refused("epoch");
  if (!rules.modeAllows(modeOf(lease, view, order), order)) return refused("mode");
  if (!rules.activationAllows(state, view, order)) return refused("inactive");
  if (!rules.withinLimits(state, order)) return refused("limits");
  return { kind: "approved" };
}

/** Why no order at all may leave now; undefined while some may. */
export function closedBecause(
  state: OrderGateState,
  nowMs: number,
  rules: GateRules = gateRules,
): RefusalReason | undefined {
  const { view } = state;
  if (view === undefined) return state.killed === undefined ? "no_view" : "killed";
  if (rules.isKilled(state, view)) return "killed";
  if (!rules.phaseIsOpen(view)) return "phase";
  const lease = rules.validLease(state, nowMs);
  if (lease === undefined) return "lease";
  if (!rules.epochsAgree(lease, view, state.seen.epoch, view.epoch)) return "epoch";
  if (!rules.streamIsInSync(state, view)) return "out_of_sync";
  return rules.decisionIsFresh(lease, nowMs) ? undefined : "decision_stale";
}

function refused(reason: RefusalReason): GateVerdict {
  return { kind: "refused", reason };
}

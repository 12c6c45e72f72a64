export { clientOrderId } from "./client-order-id.ts";
export {
  breachOf,
  emptyBook,
  onlyShrinks,
  withFill,
  withOrder,
  withoutOrder,
  withPrice,
  type BookOrder,
  type BookPosition,
  type ExposureBook,
  type ExposureLimits,
  type ExposureScope,
  type LimitBreach,
} from "./exposure.ts";
export { gateRules, leaseAskEveryMs, type GateRules } from "./gate-rules.ts";
export {
  closedOrderGate,
  type ActivationEvent,
  type HeldLease,
  type LeaseReply,
  type OrderGateState,
  type StreamState,
  type VenueKind,
  type WorldSnapshot,
  type WorldView,
} from "./gate-state.ts";
export { closedBecause, mayLeave, type GateVerdict, type LeavingOrder, type RefusalReason } from "./may-leave.ts";
export { nextTickMs, stepOrderGate, type GateEffect, type GateInput, type GateStep } from "./order-gate.ts";

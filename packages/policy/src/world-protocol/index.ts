export {
  createWorld,
  isApplying,
  restoreWorld,
  stepWorld,
  type ApplyInput,
  type LeaseAnswer,
  type WorldEffect,
  type WorldInput,
  type WorldProtocolState,
  type WorldStep,
  type WorldTransition,
} from "./world-protocol.ts";
export {
  isFinished,
  newWorldRecord,
  worldPhases,
  type Kill,
  type RunRecord,
  type RunStage,
  type WorldPhase,
  type WorldRecord,
} from "./world-record.ts";
export {
  clockDriftMax,
  leaseTtlMs,
  worldRules,
  type GrantedLease,
  type LeaseRefusal,
  type LeaseRequest,
  type WorldRules,
} from "./world-rules.ts";

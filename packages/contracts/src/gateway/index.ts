export {
  AppendAnswer,
  appendCountMax,
  AppendRecords,
  checkAppendRecords,
  checkNodeLeaseRequest,
  NodeLeaseAnswer,
  NodeLeaseRequest,
  ReadRecords,
} from "./data-plane.ts";
export {
  checkEventSubscribe,
  ClientFrame,
  EventSubscribe,
  EventSubscription,
  SnapshotData,
  StreamTopic,
} from "./events.ts";
export { checkFillReport, FillReport, FillsPage } from "./fills.ts";
export { QueueDescriptor, QueuesByTag } from "./queues.ts";
export { DegradeLevel, DependencyHealth, GatewayHealth, GatewayStatus } from "./status.ts";
export {
  checkHistoryReport,
  checkStrategySubmit,
  HistoryReport,
  QueueMap,
  StrategyAck,
  StrategyHistory,
  StrategyStatus,
  StrategySubmit,
  SubmissionStatus,
  WorldId,
  worldCountMax,
} from "./submission.ts";

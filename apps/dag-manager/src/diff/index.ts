export {
  chunkAcknowledged,
  chunkSent,
  isComplete,
  nextStep,
  openWindow,
  resumed,
  type AckWindow,
} from "./ack-window.ts";
export { partsOf, type DiffPart } from "./chunks.ts";
export { DagReader } from "./dag-reader.ts";
export { diffAlone } from "./diff-alone.ts";
export { planDiff, queueContextOf, topicNamerOf, wantedTopics, type BufferedNode, type DiffPlan } from "./plan-diff.ts";
export { affectedQueries, eventKeyOf, queueUpdatedEvent, weightEvent, type TaggedQueue } from "./plan-events.ts";
export {
  defaultDagLimits,
  inContext,
  readDag,
  type Dag,
  type DagEntry,
  type DagLimits,
  type DiffSubject,
} from "./read-dag.ts";

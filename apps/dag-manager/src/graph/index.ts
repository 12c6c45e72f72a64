export { GraphState, type StateChange } from "./graph-state.ts";
export type { GraphChange, GraphEvent } from "./graph-change.ts";
export type { BufferingQueue, GraphStore, GraphView, QueueUsage } from "./graph-store.ts";
export type { Buffering, GraphNode, GraphQueue, QueueContext, Sentinel, SentinelWeight, Submission } from "./model.ts";
export { numbersIn, runsOf, type NumberRuns } from "./number-runs.ts";

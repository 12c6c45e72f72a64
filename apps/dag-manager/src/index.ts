export { createDagManager, type Address, type DagManagerApp, type DagManagerAppDeps } from "./create-dag-manager.ts";
export type { DiffSubject } from "./diff/index.ts";
export { FolderArchive, type GcOptions, type GcReport, type QueueArchive } from "./gc/index.ts";
export type {
  BufferingQueue,
  GraphChange,
  GraphEvent,
  GraphQueue,
  GraphStore,
  GraphView,
  QueueContext,
  QueueUsage,
} from "./graph/index.ts";
export { GraphLog, graphMigrations, type AppendEvents, type GraphTables } from "./graph-log/index.ts";
export {
  DagManager,
  dagManagerMigrations,
  type DagManagerDeps,
  type DagManagerTables,
  type DiffOptions,
  type DiffOutcome,
  type QueryScope,
} from "./manager/index.ts";

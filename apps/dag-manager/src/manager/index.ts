export {
  DagManager,
  dagManagerMigrations,
  type DagManagerDeps,
  type DagManagerSettings,
  type DagManagerTables,
  type QueryScope,
} from "./dag-manager.ts";
export type { DiffOptions, DiffOutcome } from "./differ.ts";

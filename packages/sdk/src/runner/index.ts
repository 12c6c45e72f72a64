export { prepareRun, type PreparedRun, type StrategyInput } from "./offline.ts";
export type { DataSource, OfflineOptions } from "./options.ts";
export { Runner } from "./runner.ts";
export { RunSession } from "./session.ts";

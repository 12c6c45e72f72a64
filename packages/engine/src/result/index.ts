export type { BarColumns, DataQuality, NodeColumns, NodeSummary, RunResult, RunWarning } from "./run-result.ts";

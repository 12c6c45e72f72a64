export { parseCondition } from "./condition.ts";
export type { Combination, SweepGrid } from "./grid.ts";
export type { SweepOptions, SweepResult, SweepRow, TrialsOfSweep } from "./options.ts";
export type { SweepMetric } from "./sweep-metric.ts";
export type { SweepTable } from "./sweep-table.ts";
export { sweep } from "./sweep.ts";

export { lastCloseMs, runBatch, type BatchOptions, type BatchRun, type GridRows } from "./batch.ts";
export { StreamExecutor, type StreamGrid, type StreamSnapshot } from "./stream.ts";

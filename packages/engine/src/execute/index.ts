export { lastCloseMs, runBatch, type BatchOptions, type BatchRun, type GridRows } from "./batch.ts";
export { BlockExecutor } from "./block-executor.ts";
export { StreamExecutor, type StreamGrid, type StreamSnapshot } from "./stream.ts";
export {
  RevisingStream,
  type LatenessPolicy,
  type PushOutcome,
  type Revision,
  type RevisingHooks,
  type SourceRow,
} from "./revising-stream.ts";

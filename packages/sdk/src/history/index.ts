export {
  coverageBounds,
  coverageOf,
  mergeRanges,
  missingRanges,
  requireCoverage,
  warmupRange,
  wholeBuckets,
  type TimeRange,
} from "./coverage.ts";
export type {
  AutoBackfillRequest,
  AutoBackfillStrategy,
  DataFetcher,
  EventRecorder,
  HistoryBackend,
  HistoryProvider,
  HistoryRequest,
  RecordedEvent,
  StreamKey,
} from "./types.ts";
export { AugmentedHistoryProvider } from "./augmented-history-provider.ts";
export { BackfillEngine, type BackfillOptions, type BackfillSource } from "./backfill-engine.ts";
export {
  FetcherBackfillStrategy,
  LiveReplayBackfillStrategy,
  type PayloadNormalizer,
  type ReplaySource,
} from "./backfill-strategies.ts";
export { EventRecorderService } from "./event-recorder-service.ts";
export { arrowHistory, csvHistory, FileHistory, fileHistory, jsonlHistory, parquetHistory } from "./file-history.ts";
export { frameHistory } from "./frame-history.ts";
export { emptyFrame, frameRange, mergeFrames } from "./frames.ts";
export { inspectFile, loadFrame, type LoadOptions } from "./load-frame.ts";
export { MemoryHistoryBackend } from "./memory-history-backend.ts";

import type { EpochMs, IntervalMs, JsonValue } from "@qmtl/core";
import type { LoadedFrame } from "../data-quality/index.ts";
import type { Frame } from "@qmtl/engine/frame";
import type { TimeRange } from "./coverage.ts";

/** Which rows: those of one node at one interval. */
export interface StreamKey {
  readonly nodeId: string;
  readonly intervalMs: IntervalMs;
}

/** Rows of one stream with `start <= time < end`. */
export interface HistoryRequest extends StreamKey, TimeRange {}

/** Where rows can be had from: an exchange, a vendor, a service. */
export interface DataFetcher {
  /** Rows of the range, oldest first; a frame of length 0 when there are none. */
  fetch(request: HistoryRequest): Promise<Frame>;
}

/** Where rows are kept. */
export interface HistoryBackend {
  readRange(request: HistoryRequest): Promise<Frame>;
  /** Stores rows. A row whose time is already there keeps its first value. */
  writeRows(key: StreamKey, frame: Frame): Promise<void>;
  coverage(key: StreamKey): Promise<readonly TimeRange[]>;
}

/** What a stream reads its past from. */
export interface HistoryProvider {
  fetch(request: HistoryRequest): Promise<Frame>;
  coverage(key: StreamKey): Promise<readonly TimeRange[]>;
  /** Gets what is missing in the range; fails when this provider cannot get anything. */
  fillMissing(request: HistoryRequest): Promise<void>;
  /** As `fillMissing`, but a provider with no way to get more leaves things as they are. */
  ensureRange(request: HistoryRequest): Promise<void>;
  /** Everything the provider has (or the given range), with its quality record. Providers of files have it. */
  load?(
    range?: Partial<TimeRange> & { readonly intervalMs?: IntervalMs; readonly stream?: string },
  ): Promise<LoadedFrame>;
}

/** Keeps what streams deliver. */
export interface EventRecorder {
  persist(event: RecordedEvent): Promise<void>;
}

export interface RecordedEvent extends StreamKey {
  readonly time: EpochMs;
  readonly payload: JsonValue;
}

/** One backfill: the rows that must be there afterwards. */
export type AutoBackfillRequest = HistoryRequest;

/** How missing rows are obtained. */
export interface AutoBackfillStrategy {
  /**
   * Makes the backend hold what the source has of the request.
   *
   * @returns coverage afterwards, merged
   */
  ensureRange(
    request: AutoBackfillRequest,
    backend: HistoryBackend,
    covered: readonly TimeRange[],
  ): Promise<readonly TimeRange[]>;
}

import { QmtlError, type JsonValue } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import { coverageOf, mergeRanges, missingRanges, wholeBuckets, type TimeRange } from "./coverage.ts";
import { frameRange } from "./frames.ts";
import type {
  AutoBackfillRequest,
  AutoBackfillStrategy,
  DataFetcher,
  HistoryBackend,
  HistoryRequest,
  RecordedEvent,
} from "./types.ts";

/** Fills gaps from a fetcher, one call per gap. */
export class FetcherBackfillStrategy implements AutoBackfillStrategy {
  readonly #fetcher: DataFetcher;

  constructor(fetcher: DataFetcher) {
    this.#fetcher = fetcher;
  }

  async ensureRange(
    request: AutoBackfillRequest,
    backend: HistoryBackend,
    covered: readonly TimeRange[],
  ): Promise<readonly TimeRange[]> {
    return fillGaps(request, backend, covered, async (gap) => this.#fetcher.fetch(gap));
  }
}

/** Recorded events of a range, `start <= time < end`. */
export interface ReplaySource {
  replay(request: HistoryRequest): Promise<readonly RecordedEvent[]>;
}

/** The numeric fields of an event's payload; a bare number is the field `value`. */
export type PayloadNormalizer = (payload: JsonValue) => Readonly<Record<string, number>>;

/** Fills gaps from events that were recorded while live; of several in one bucket the last counts. */
export class LiveReplayBackfillStrategy implements AutoBackfillStrategy {
  readonly #source: ReplaySource;
  readonly #normalize: PayloadNormalizer;

  constructor(source: ReplaySource, normalize: PayloadNormalizer = numericFields) {
    this.#source = source;
    this.#normalize = normalize;
  }

  async ensureRange(
    request: AutoBackfillRequest,
    backend: HistoryBackend,
    covered: readonly TimeRange[],
  ): Promise<readonly TimeRange[]> {
    return fillGaps(request, backend, covered, async (gap) => {
      const rows = new Map<number, Readonly<Record<string, number>>>();
      const events = (await this.#source.replay(gap)).toSorted((a, b) => a.time - b.time);
      for (const event of events) {
        const bucket = Math.floor(event.time / request.intervalMs) * request.intervalMs;
        rows.set(bucket, this.#normalize(event.payload));
      }
      return frameOf(rows, request.intervalMs);
    });
  }
}

// Rows outside the gap are cut off, rows that exist stay: a source may answer with more than it was asked for.
async function fillGaps(
  request: AutoBackfillRequest,
  backend: HistoryBackend,
  covered: readonly TimeRange[],
  rowsOf: (gap: HistoryRequest) => Promise<Frame>,
): Promise<readonly TimeRange[]> {
  const { nodeId, intervalMs } = request;
  let now = mergeRanges(covered);
  for (const { start, end } of missingRanges(now, wholeBuckets(request, intervalMs))) {
    const gap = { nodeId, intervalMs, start, end };
    const answer = await rowsOf(gap);
    if (answer.intervalMs !== intervalMs && answer.length > 0) {
      throw new QmtlError(
        "INTERVAL_INVALID",
        `the source gave rows of ${answer.intervalMs} ms; expected ${intervalMs} ms`,
      );
    }
    const frame = frameRange(answer, gap);
    if (frame.length === 0) continue;
    await backend.writeRows({ nodeId, intervalMs }, frame);
    now = mergeRanges([...now, ...coverageOf(frame.time, intervalMs)]);
  }
  return now;
}

function numericFields(payload: JsonValue): Readonly<Record<string, number>> {
  if (typeof payload === "number") return { value: payload };
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return {};
  return Object.fromEntries(
    Object.entries(payload).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

function frameOf(rows: ReadonlyMap<number, Readonly<Record<string, number>>>, intervalMs: number): Frame {
  const times = [...rows.keys()].toSorted((a, b) => a - b);
  const fields = new Set(times.flatMap((time) => Object.keys(rows.get(time)!)));
  const columns = Object.fromEntries(
    [...fields].map((field) => [field, Float64Array.from(times, (time) => rows.get(time)![field] ?? Number.NaN)]),
  );
  return { intervalMs, length: times.length, time: Float64Array.from(times), columns };
}

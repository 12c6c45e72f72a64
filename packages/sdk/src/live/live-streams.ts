import { formatInstant, type Clock, type EpochMs } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import type { FeedListener, FeedSession, FeedSubscription, LiveFeed } from "../feeds/index.ts";
import type { TimeRange } from "../history/index.ts";
import type { LiveStream } from "./live-compute.ts";
import type { LiveRow, RowMerger } from "./row-merger.ts";

export interface LiveStreamsOptions {
  readonly streams: readonly LiveStream[];
  readonly feed: LiveFeed;
  readonly clock: Clock;
  /** First bucket of every stream that is still to be computed. */
  readonly fromMs: readonly EpochMs[];
  /** Rows of the past for a stream; undefined when there is nowhere to get them from. */
  history(stream: number, range: TimeRange): Promise<Frame> | undefined;
  /** Where rows go, by the places of their streams in the list. */
  readonly merger: RowMerger;
  /** What the user should know: lost connections, gaps that could not be filled. Each said once. */
  onNotice(notice: StreamNotice): void;
  onEnd(): void;
}

export type StreamNotice =
  | { readonly kind: "lost"; readonly message: string }
  | { readonly kind: "live"; readonly message: string }
  | { readonly kind: "gap"; readonly message: string; readonly stream: string; readonly range: TimeRange };

/**
 * Rows of a run's streams, without holes: history up to where the feed is live, then the feed, and after a lost connection
 * the same again. Rows that are live wait until what lies before them is there. A gap that cannot be filled is said, and
 * the nodes see a gap.
 */
export class LiveStreams implements FeedListener {
  readonly #options: LiveStreamsOptions;
  readonly #merger: RowMerger;
  readonly #tracks: readonly Track[];
  readonly #session: FeedSession;
  #isLost = false;
  #closed = false;

  constructor(options: LiveStreamsOptions) {
    this.#options = options;
    this.#merger = options.merger;
    this.#tracks = options.streams.map((stream, index) => new Track(index, stream, options.fromMs[index]!));
    const subscriptions = this.#tracks.map(({ subscription }) => subscription);
    this.#session = options.feed.open(subscriptions, this);
  }

  row(index: number, bucketMs: EpochMs, values: Float64Array): void {
    if (this.#closed) return;
    const track = this.#tracks[index]!;
    // A feed may reuse its array.
    const row = { stream: index, bucketMs, values: values.slice() };
    if (track.isFilling) track.waiting.push(row);
    else this.#take(track, row);
  }

  live(index: number, fromMs: EpochMs): void {
    if (this.#closed) return;
    const track = this.#tracks[index]!;
    if (this.#isLost) {
      this.#isLost = false;
      this.#options.onNotice({ kind: "live", message: "the feed is live again" });
    }
    // A feed that lost its place again while the gap before was being filled.
    track.liveFromMs = fromMs;
    if (track.isFilling) return;
    if (track.nextMs < fromMs) void this.#fill(track);
    else this.#merger.hold(index, false);
  }

  lost(reason: string): void {
    if (this.#closed || this.#isLost) return;
    this.#isLost = true;
    // Nobody runs ahead of a stream that is going to be filled.
    for (const { index } of this.#tracks) this.#merger.hold(index, true);
    this.#options.onNotice({ kind: "lost", message: reason });
  }

  ended(): void {
    if (this.#closed) return;
    void Promise.all(this.#tracks.map(({ filling }) => filling)).then(() => {
      if (!this.#closed) this.#options.onEnd();
    });
  }

  close(): void {
    this.#closed = true;
    this.#session.close();
  }

  #take(track: Track, row: LiveRow): void {
    if (row.bucketMs < track.nextMs) return; // history had it already
    track.nextMs = row.bucketMs + track.stream.intervalMs;
    this.#merger.push(row);
  }

  #fill(track: Track): Promise<void> {
    this.#merger.hold(track.index, true);
    track.isFilling = true;
    return (track.filling = this.#fillAll(track));
  }

  async #fillAll(track: Track): Promise<void> {
    for (;;) {
      const range = { start: track.nextMs, end: track.liveFromMs };
      const frame = await this.#rowsOf(track, range);
      if (this.#closed) return;
      if (frame) for (const row of rowsOf(track, frame)) this.#take(track, row);
      if (track.liveFromMs === range.end) break;
    }
    track.nextMs = Math.max(track.nextMs, track.liveFromMs);
    track.isFilling = false;
    for (const row of track.waiting.splice(0)) if (row.bucketMs >= track.liveFromMs) this.#take(track, row);
    this.#merger.reached(track.index, track.nextMs);
    this.#merger.hold(track.index, false);
  }

  /** A source may need a moment for the bar that has just closed, so an incomplete answer is asked for again. */
  async #rowsOf(track: Track, range: TimeRange): Promise<Frame | undefined> {
    const { clock } = this.#options;
    const wanted = `rows of "${track.stream.name}" from ${formatInstant(range.start)} to ${formatInstant(range.end)}`;
    let message = `${wanted} are missing: the run has no history to get them from`;
    for (let attempt = 0; attempt < historyAttempts && !this.#closed; attempt++) {
      if (attempt > 0) await new Promise<void>((resolve) => clock.after(500 * attempt, resolve));
      try {
        const frame = await this.#options.history(track.index, range);
        if (frame === undefined) break;
        const last = frame.time[frame.length - 1];
        if (last !== undefined && last + track.stream.intervalMs >= range.end) return frame;
        if (attempt === historyAttempts - 1) {
          message = `${wanted} end at ${last === undefined ? "nothing" : formatInstant(last)}: the source has no more`;
          this.#options.onNotice({ kind: "gap", message, stream: track.stream.name, range });
          return frame;
        }
      } catch (error) {
        message = `${wanted} are missing: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    this.#options.onNotice({ kind: "gap", message, stream: track.stream.name, range });
    return undefined;
  }
}

const historyAttempts = 5;

class Track {
  readonly index: number;
  readonly stream: LiveStream;
  readonly subscription: FeedSubscription;
  /** Rows before this bucket are there. */
  nextMs: EpochMs;
  liveFromMs: EpochMs;
  isFilling = false;
  filling: Promise<void> = Promise.resolve();
  readonly waiting: LiveRow[] = [];

  constructor(index: number, stream: LiveStream, fromMs: EpochMs) {
    this.index = index;
    this.stream = stream;
    this.nextMs = this.liveFromMs = fromMs;
    const { name, symbol = name, intervalMs, fields } = stream;
    this.subscription = { stream: name, symbol, intervalMs, fields, fromMs };
  }
}

function rowsOf({ index, stream }: Track, frame: Frame): LiveRow[] {
  return Array.from({ length: frame.length }, (_, row) => ({
    stream: index,
    bucketMs: frame.time[row]!,
    values: Float64Array.from(stream.fields, (field) => frame.columns[field]?.[row] ?? Number.NaN),
  }));
}

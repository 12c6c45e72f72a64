import type { Clock, EpochMs, IntervalMs } from "@qmtl/core";

/** A closed bucket of one stream. */
export interface LiveRow {
  readonly stream: number;
  readonly bucketMs: EpochMs;
  readonly values: Float64Array;
}

export interface RowMergerOptions {
  readonly intervalsMs: readonly IntervalMs[];
  readonly clock: Clock;
  /** How long rows of an instant wait for those of other streams before they go on without them. */
  readonly graceMs: number;
  /** How many of the streams, from the first on, are waited for from the start; the others when they are watched. */
  readonly watched?: number;
  /** Every row that closes at one instant, once, in increasing order of instants. */
  release(closeMs: EpochMs, rows: readonly LiveRow[]): void;
}

/**
 * Brings rows of several streams into event time: an instant is released when every stream has come past it, or when
 * its rows have waited for `graceMs`. Rows that come after their instant was released are counted in `late` and dropped:
 * nobody may act on them any more.
 */
export class RowMerger {
  late = 0;
  /** Everything that closes at or before this instant was released. */
  releasedMs: EpochMs = Number.NEGATIVE_INFINITY;
  readonly #options: RowMergerOptions;
  /** Streams below this place are inputs; the others are computed from them, here or elsewhere. */
  readonly #inputs: number;
  /** Rows by close time. */
  readonly #waiting = new Map<EpochMs, { rows: LiveRow[]; readonly sinceMs: number }>();
  readonly #reachedMs: Float64Array;
  readonly #held: boolean[];
  readonly #watched: boolean[];
  #cancel: (() => void) | undefined;

  constructor(options: RowMergerOptions) {
    this.#options = options;
    this.#reachedMs = new Float64Array(options.intervalsMs.length).fill(Number.NEGATIVE_INFINITY);
    this.#held = options.intervalsMs.map(() => false);
    this.#inputs = options.watched ?? options.intervalsMs.length;
    this.#watched = options.intervalsMs.map((_, stream) => stream < (options.watched ?? Infinity));
  }

  push(row: LiveRow): void {
    if (this.#watched[row.stream] !== true) return;
    const closeMs = row.bucketMs + this.#options.intervalsMs[row.stream]!;
    if (closeMs <= this.releasedMs) {
      this.late++;
      return;
    }
    const waiting = this.#waiting.get(closeMs);
    const isFirstInput =
      row.stream < this.#inputs && waiting?.rows.some(({ stream }) => stream < this.#inputs) !== true;
    const sinceMs = waiting === undefined || isFirstInput ? this.#options.clock.monotonicMs() : waiting.sinceMs;
    this.#waiting.set(closeMs, { rows: [...(waiting?.rows ?? []), row], sinceMs });
    this.reached(row.stream, closeMs);
  }

  /** The stream has delivered everything that closes at or before this instant. */
  reached(stream: number, closeMs: EpochMs): void {
    if (closeMs > this.#reachedMs[stream]!) this.#reachedMs[stream] = closeMs;
    this.#releaseDue();
  }

  /** While a stream catches up, everybody waits for it, however long it takes. */
  hold(stream: number, held: boolean): void {
    this.#held[stream] = held;
    if (!held) this.#releaseDue();
  }

  /** Whether the stream has a part in the run; rows of one that has none are dropped, and nobody waits for them. */
  watch(stream: number, watched: boolean, fromMs: EpochMs): void {
    this.#watched[stream] = watched;
    this.#held[stream] = watched;
    this.#reachedMs[stream] = fromMs;
    if (!watched) {
      for (const [closeMs, waiting] of this.#waiting) {
        waiting.rows = waiting.rows.filter((row) => row.stream !== stream);
        if (waiting.rows.length === 0) this.#waiting.delete(closeMs);
      }
    }
    this.#releaseDue();
  }

  /** No row waits to be released. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  close(): void {
    this.#cancel?.();
    this.#waiting.clear();
  }

  #releaseDue(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    while (this.#waiting.size > 0) {
      const closeMs = Math.min(...this.#waiting.keys());
      const { rows, sinceMs } = this.#waiting.get(closeMs)!;
      const waitMs = this.#waitFor(closeMs, sinceMs);
      if (waitMs > 0) {
        if (waitMs < Infinity) this.#cancel = this.#options.clock.after(waitMs, () => this.#releaseDue());
        return;
      }
      this.#waiting.delete(closeMs);
      this.releasedMs = closeMs;
      // Streams in their order, so that what is computed does not depend on who was faster.
      this.#options.release(
        closeMs,
        rows.toSorted((a, b) => a.stream - b.stream),
      );
    }
  }

  #waitFor(closeMs: EpochMs, sinceMs: number): number {
    // What others have computed does not tell how late it is here: rows of inputs that come behind it would be lost.
    if (!this.#reachedMs.subarray(0, this.#inputs).some((reachedMs) => reachedMs >= closeMs)) return Infinity;
    let waitMs = 0;
    for (let stream = 0; stream < this.#held.length; stream++) {
      if (this.#watched[stream] !== true || this.#reachedMs[stream]! >= closeMs) continue;
      if (this.#held[stream] === true) return Infinity;
      waitMs = Math.max(waitMs, sinceMs + this.#options.graceMs - this.#options.clock.monotonicMs());
    }
    return waitMs;
  }
}

import type { EpochMs, IntervalMs } from "@qmtl/core";

/**
 * Close times of a run. As long as they follow the rows of one feed they are not written: a million of them cost more
 * than the arithmetic of the run, and not everybody reads them.
 */
export class CloseTimes {
  #written = new Float64Array(0);
  #count = 0;
  // Rows from #count to #length are those of a feed from #at on.
  #length = 0;
  #feed: Float64Array = new Float64Array(0);
  #at = 0;
  #intervalMs: IntervalMs = 0;
  readonly #expected: number;

  constructor(expected: number) {
    this.#expected = expected;
  }

  push(closeMs: EpochMs): void {
    const next = this.#at + this.#length - this.#count;
    this.#length++;
    if (next < this.#feed.length && this.#feed[next]! + this.#intervalMs === closeMs) return;
    this.#write(this.#length - 1);
    this.#written[this.#count++] = closeMs;
  }

  /** The closes of rows `from..to-1` of a feed. */
  pushRows(feed: Float64Array, intervalMs: IntervalMs, from: number, to: number): void {
    const next = this.#at + this.#length - this.#count;
    if (this.#feed !== feed || from !== next || this.#intervalMs !== intervalMs) {
      if (this.#length > this.#count) this.#write(this.#length);
      this.#feed = feed;
      this.#intervalMs = intervalMs;
      this.#at = from;
    }
    this.#length += to - from;
  }

  /** NaN while there is none. */
  get last(): EpochMs {
    if (this.#length === 0) return Number.NaN;
    const ahead = this.#length - this.#count;
    return ahead > 0 ? this.#feed[this.#at + ahead - 1]! + this.#intervalMs : this.#written[this.#count - 1]!;
  }

  /** All of them, in time order. */
  column(): Float64Array {
    this.#write(this.#length);
    return this.#written.subarray(0, this.#count);
  }

  // Rows up to `end`, and room for one more.
  #write(end: number): void {
    if (end >= this.#written.length) {
      const grown = new Float64Array(Math.max(end + 1, this.#expected, this.#written.length * 2));
      grown.set(this.#written.subarray(0, this.#count));
      this.#written = grown;
    }
    // Locals: most runs come here once, before anything is compiled.
    const written = this.#written;
    const feed = this.#feed;
    const intervalMs = this.#intervalMs;
    let at = this.#at;
    for (let row = this.#count; row < end; row++) written[row] = feed[at++]! + intervalMs;
    this.#at = at;
    this.#count = Math.max(this.#count, end);
  }
}

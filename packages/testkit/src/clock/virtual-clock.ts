import { assert, type Clock, type EpochMs } from "@qmtl/core";

export interface VirtualClockOptions {
  /** Wall time at the start; 2026-01-01T00:00:00Z unless told. */
  readonly startMs?: EpochMs;
}

interface Timer {
  readonly dueMs: number; // on the monotonic clock
  readonly run: () => void;
}

/**
 * A clock that stands still until it is told to move. Timers run in the order they are due, those of one time in the
 * order they were set, and after each of them everything it set off runs to its end.
 */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #monotonicMs = 0;
  #wallOffsetMs: number;

  constructor(options: VirtualClockOptions = {}) {
    this.#wallOffsetMs = options.startMs ?? Date.UTC(2026, 0, 1);
  }

  nowMs(): EpochMs {
    return Math.floor(this.#wallOffsetMs + this.#monotonicMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, run: () => void): () => void {
    assert(delayMs >= 0, `a delay is not negative; found ${delayMs}`);
    const timer = { dueMs: this.#monotonicMs + delayMs, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Moves time on by `durationMs`, stopping at every timer on the way. */
  async advance(durationMs: number): Promise<void> {
    assert(durationMs >= 0, `time does not go back; found ${durationMs}`);
    await settled();
    const endMs = this.#monotonicMs + durationMs;
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next())
      await this.#fire(next);
    this.#monotonicMs = endMs;
  }

  /**
   * Moves time on until no timer is left, and answers how far that was.
   *
   * @param limitMs - how far it may go; work that polls never ends by itself
   * @throws when timers are left after `limitMs`
   */
  async runUntilIdle(limitMs = 3_600_000): Promise<number> {
    await settled();
    const startMs = this.#monotonicMs;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      assert(next.dueMs - startMs <= limitMs, `timers are left after ${limitMs} ms of virtual time`);
      await this.#fire(next);
    }
    return this.#monotonicMs - startMs;
  }

  /** Moves time on, timer by timer, until `done` holds; throws when it does not within `limitMs`. */
  async runUntil(done: () => boolean, limitMs = 60_000): Promise<void> {
    await settled();
    const endMs = this.#monotonicMs + limitMs;
    while (!done()) {
      const next = this.#next();
      assert(next !== undefined && next.dueMs <= endMs, `what was waited for has not come within ${limitMs} ms`);
      await this.#fire(next);
    }
  }

  /** Sets the wall clock forward or back, as an operator or a time server does; timers do not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.dueMs < first.dueMs) first = timer; // a set keeps the order of one time
    }
    return first;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#monotonicMs = Math.max(this.#monotonicMs, timer.dueMs);
    timer.run();
    await settled();
  }
}

/** Resolves when every promise that can go on by itself has done so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

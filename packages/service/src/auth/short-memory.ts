import type { Clock } from "@qmtl/core";

interface Remembered<Value> {
  readonly value: Value;
  readonly endsAtMs: number; // monotonic
}

/** Remembers a bounded number of values for a bounded time; the oldest is forgotten first. */
export class ShortMemory<Value> {
  readonly #clock: Clock;
  readonly #sizeMax: number;
  readonly #entries = new Map<string, Remembered<Value>>();

  constructor(clock: Clock, sizeMax: number) {
    this.#clock = clock;
    this.#sizeMax = sizeMax;
  }

  get(key: string): Value | undefined {
    const found = this.#entries.get(key);
    if (found === undefined || found.endsAtMs > this.#clock.monotonicMs()) return found?.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: Value, lifeMs: number): void {
    if (lifeMs <= 0) return;
    this.#entries.delete(key);
    this.#entries.set(key, { value, endsAtMs: this.#clock.monotonicMs() + lifeMs });
    if (this.#entries.size > this.#sizeMax) this.#entries.delete(this.#entries.keys().next().value!);
  }
}

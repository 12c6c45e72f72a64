import { QmtlError, type Clock } from "@qmtl/core";
import type { KeyValue, Lifetime } from "./key-value.ts";

export interface MemoryKeyValueOptions {
  readonly clock: Clock;
  /** 100,000 unless told. */
  readonly entriesMax?: number;
  /**
   * When it is full of entries that have not expired: `refuse` a new one with `SERVICE_OVERLOADED` (tickets, limits), or
   * forget the one that was written longest ago (caches). Refuses unless told.
   */
  readonly whenFull?: "refuse" | "forget-oldest";
}

interface Entry {
  readonly value: string;
  readonly expiresMs: number; // on the monotonic clock
}

/** Key-value state of one process, bounded. */
export class MemoryKeyValue implements KeyValue {
  readonly #clock: Clock;
  readonly #entriesMax: number;
  readonly #forgetsOldest: boolean;
  readonly #entries = new Map<string, Entry>(); // in the order they were written

  constructor(options: MemoryKeyValueOptions) {
    this.#clock = options.clock;
    this.#entriesMax = options.entriesMax ?? 100_000;
    this.#forgetsOldest = options.whenFull === "forget-oldest";
  }

  async get(key: string): Promise<string | undefined> {
    return this.#live(key)?.value;
  }

  async set(key: string, value: string, options: Lifetime = {}): Promise<void> {
    this.#put(key, { value, expiresMs: this.#expiry(options) });
  }

  async setIfAbsent(key: string, value: string, options: Lifetime = {}): Promise<boolean> {
    return this.compareAndSet(key, undefined, value, options);
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: string,
    options: Lifetime = {},
  ): Promise<boolean> {
    if (this.#live(key)?.value !== expected) return false;
    this.#put(key, { value, expiresMs: this.#expiry(options) });
    return true;
  }

  async take(key: string): Promise<string | undefined> {
    const found = this.#live(key);
    this.#entries.delete(key);
    return found?.value;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.take(key)) !== undefined;
  }

  async increment(key: string, options: Lifetime & { readonly by?: number } = {}): Promise<number> {
    const found = this.#live(key);
    const count = Number(found?.value ?? 0) + (options.by ?? 1);
    if (!Number.isSafeInteger(count)) {
      throw new QmtlError("STORE_CORRUPT", `expected a whole number under "${key}"; found "${found?.value}"`);
    }
    this.#put(key, { value: String(count), expiresMs: found?.expiresMs ?? this.#expiry(options) });
    return count;
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresMs > this.#clock.monotonicMs()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #expiry({ ttlMs }: Lifetime): number {
    return ttlMs === undefined ? Infinity : this.#clock.monotonicMs() + ttlMs;
  }

  #put(key: string, entry: Entry): void {
    if (!this.#entries.delete(key) && this.#entries.size >= this.#entriesMax) this.#makeRoom();
    this.#entries.set(key, entry);
  }

  #makeRoom(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, entry] of this.#entries) if (entry.expiresMs <= nowMs) this.#entries.delete(key);
    if (this.#entries.size < this.#entriesMax) return;
    if (!this.#forgetsOldest) {
      throw new QmtlError("SERVICE_OVERLOADED", `expected at most ${this.#entriesMax} entries; all of them are in use`);
    }
    this.#entries.delete(this.#entries.keys().next().value!);
  }
}

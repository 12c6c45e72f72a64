/**
 * Short-lived shared state: tickets, rate limits, caches. Never the only copy of anything. Every operation is atomic; an
 * entry past its time to live is not there.
 */
export interface KeyValue {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, options?: Lifetime): Promise<void>;
  /** Whether it was stored: false when the key has a value. */
  setIfAbsent(key: string, value: string, options?: Lifetime): Promise<boolean>;
  /** Stores `value` if the key still has `expected` (`undefined`: no value); answers whether it did. */
  compareAndSet(key: string, expected: string | undefined, value: string, options?: Lifetime): Promise<boolean>;
  /** Reads and deletes in one step, so that of several callers one gets the value. */
  take(key: string): Promise<string | undefined>;
  /** Whether there was a value. */
  delete(key: string): Promise<boolean>;
  /**
   * Adds to a counter, from 0 when there is none, and answers its new value. The time to live counts from when the
   * counter was made.
   *
   * @throws QmtlError `STORE_CORRUPT` when the value is not a whole number
   */
  increment(key: string, options?: Lifetime & { readonly by?: number }): Promise<number>;
}

export interface Lifetime {
  /** Absent: until it is deleted. */
  readonly ttlMs?: number;
}

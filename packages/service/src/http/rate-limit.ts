import { QmtlError, type Clock } from "@qmtl/core";

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

const bucketCountMax = 10_000;

/** One token bucket per caller: `atOnce` requests in a burst, `perSecond` in the long run. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #atOnce: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, perSecond: number, atOnce: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#atOnce = atOnce;
  }

  /** @throws QmtlError `RATE_LIMITED` with `details.retry_after_ms` */
  take(caller: string): void {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#atOnce, filledAtMs: nowMs };
    const gained = ((nowMs - bucket.filledAtMs) * this.#perSecond) / 1_000;
    bucket.tokens = Math.min(this.#atOnce, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    // Last use last: when there are too many callers, the one that was silent longest is forgotten.
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > bucketCountMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return;
    }
    const waitMs = Math.ceil(((1 - bucket.tokens) * 1_000) / this.#perSecond);
    throw new QmtlError("RATE_LIMITED", `expected at most ${this.#perSecond} requests per second from one caller`, {
      details: { retry_after_ms: waitMs },
    });
  }
}

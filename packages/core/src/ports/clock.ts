import type { EpochMs } from "../brand/index.ts";

/**
 * Time as a value handed in, so that a whole control plane can run on a virtual one. Wall time stamps records and may
 * jump; whatever must not (leases, deadlines, timeouts) counts on the monotonic one.
 */
export interface Clock {
  /** Wall time, UTC milliseconds since 1970-01-01. */
  nowMs(): EpochMs;
  /** Milliseconds from an arbitrary start that never go back and do not follow the wall clock. */
  monotonicMs(): number;
  /** Calls `run` once, `delayMs` from now on the monotonic clock. The answer cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** Waits on `clock`; rejects with the signal's reason when it is aborted before. */
export function sleep(clock: Clock, delayMs: number, signal?: Cancellation): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort);
  });
}

/** The part of an `AbortSignal` that is needed here; the platform's type is not part of the language. */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

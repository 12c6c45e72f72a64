import { sleep, type Cancellation, type Clock, type Random } from "@qmtl/core";

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The first attempt counted; `Infinity` never gives up. */
  readonly attemptsMax: number;
  readonly firstPauseMs: number;
  readonly pauseMsMax: number;
  /** False gives up at once: what cannot become better by waiting. */
  readonly worthIt?: (error: unknown) => boolean;
  readonly onFailure?: (error: unknown, attempt: number, pauseMs: number) => void;
  readonly signal?: Cancellation;
}

/**
 * Calls until it succeeds. Pauses double from `firstPauseMs` up to `pauseMsMax`; each is drawn from the upper half of
 * its range, so that callers that failed together do not come back together.
 *
 * @throws the error of the last attempt, or the signal's reason
 */
export async function retry<Result>(run: (attempt: number) => Promise<Result>, options: RetryOptions): Promise<Result> {
  const { clock, random, attemptsMax, firstPauseMs, pauseMsMax, worthIt = () => true, onFailure, signal } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(attempt);
    } catch (error) {
      if (attempt >= attemptsMax || !worthIt(error)) throw error;
      const rangeMs = Math.min(pauseMsMax, firstPauseMs * 2 ** Math.min(attempt - 1, 30));
      const pauseMs = rangeMs * (0.5 + random.uniform() / 2);
      onFailure?.(error, attempt, pauseMs);
      await sleep(clock, pauseMs, signal);
    }
  }
}

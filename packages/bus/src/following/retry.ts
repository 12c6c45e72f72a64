/** How a failing handler is called again: after pauses that double from the first to the longest. */
export interface Retry {
  readonly attemptsMax: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const defaultRetry: Retry = { attemptsMax: 5, firstPauseMs: 100, longestPauseMs: 10_000 };

/** Milliseconds to wait after the `failures`-th failure in a row, from 1. */
export function pauseMs(retry: Retry, failures: number): number {
  return Math.min(retry.longestPauseMs, retry.firstPauseMs * 2 ** Math.min(failures - 1, 30));
}

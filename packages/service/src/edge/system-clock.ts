import type { Clock } from "@qmtl/core";

// One timer of the platform holds no longer than this; a longer wait is several in a row.
const timerMsMax = 2_147_483_647;

/** The machine's clocks. A timer does not keep a process alive that has nothing else to do. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    let timer: NodeJS.Timeout;
    const wait = (remainingMs: number): void => {
      const nextMs = Math.min(remainingMs, timerMsMax);
      timer = setTimeout(() => (remainingMs > nextMs ? wait(remainingMs - nextMs) : run()), Math.max(0, nextMs));
      timer.unref();
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};

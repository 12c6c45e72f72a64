import type { Clock } from "@qmtl/core";

/** This machine's clocks: the only place of the SDK that reads them. Timers do not keep a process alive that is done. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

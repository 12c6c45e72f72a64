import type { Clock } from "@qmtl/core";
/** The machine's clocks. A timer does not keep a process alive that has nothing else to do. */
export declare const systemClock: Clock;

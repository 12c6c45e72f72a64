export { syncAtOnce } from "./sync-at-once.ts";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.ts";

export { sleep, type Cancellation, type Clock } from "./clock.ts";
export type { Ids } from "./ids.ts";

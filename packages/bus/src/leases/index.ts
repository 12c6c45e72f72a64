export type { LeaseAnswer, Leases } from "./leases.ts";
export { MemoryLeases } from "./memory-leases.ts";

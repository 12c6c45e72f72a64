export type { KeyValue, Lifetime } from "./key-value.ts";
export { MemoryKeyValue, type MemoryKeyValueOptions } from "./memory-key-value.ts";

export { openEmbeddedDatabase, type EmbeddedDatabaseOptions, type Migration } from "./database/index.ts";
export { MemoryKeyValue, type KeyValue, type Lifetime, type MemoryKeyValueOptions } from "./key-value/index.ts";
export { isUniqueViolation } from "./sqlite/index.ts";

export { openEmbeddedDatabase, type EmbeddedDatabaseOptions } from "./open-embedded-database.ts";
export type { Migration } from "./migration.ts";
export { rowChecksum, verifyRow } from "./row-checksum.ts";

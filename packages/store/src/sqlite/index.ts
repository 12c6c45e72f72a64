export { SqliteFile, type RunStatement, type SqliteFileOptions } from "./sqlite-file.ts";
export { isUniqueViolation } from "./sqlite-error.ts";
export type { SqlRow } from "./statement-cache.ts";

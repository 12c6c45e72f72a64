export { GraphLog, type AppendEvents } from "./graph-log.ts";
export { graphMigrations, type GraphTables } from "./tables.ts";

export { columnMemory, inColumnMemory, type ColumnMemory } from "./column-memory.ts";
export { ColumnPool } from "./column-pool.ts";

export { worldMigrations, type WorldTables } from "./store/tables.ts";
export { createWorld, type World, type WorldDependencies } from "./world.ts";

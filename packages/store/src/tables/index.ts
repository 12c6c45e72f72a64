export { storeMigrations, type StoreTables } from "./store-tables.ts";
export { narrowed, type StoreDatabase } from "./narrowed.ts";

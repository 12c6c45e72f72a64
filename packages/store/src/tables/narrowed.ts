import type { Kysely } from "kysely";
import type { StoreTables } from "./store-tables.ts";

/** A database, or a transaction on it, that has the tables of this package among its own. */
export type StoreDatabase<Tables extends StoreTables> = Kysely<Tables>;

/** The same database with only this package's tables in sight: a type parameter gives no columns to build on. */
export function narrowed<Tables extends StoreTables>(database: StoreDatabase<Tables>): Kysely<StoreTables> {
  return database as unknown as Kysely<StoreTables>;
}

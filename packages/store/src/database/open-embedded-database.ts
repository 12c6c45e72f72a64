import { Kysely } from "kysely";
import { SqliteFile, type SqliteFileOptions } from "../sqlite/index.ts";
import { EmbeddedDialect } from "./embedded-dialect.ts";
import { migrate, type Migration } from "./migration.ts";

export interface EmbeddedDatabaseOptions extends SqliteFileOptions {
  /** In the order they were written; the schema this program works with is the sum of them. */
  readonly migrations: readonly Migration[];
}

/**
 * Opens a database on the embedded store and brings its schema up to date; `destroy()` closes it. What is committed
 * survives kill -9 and power loss. Inside a transaction use the transaction alone: a query on the database itself may
 * wait for that same transaction to end.
 *
 * @throws QmtlError `STORE_FAILED`, `STORE_CORRUPT`
 */
export async function openEmbeddedDatabase<Tables>(options: EmbeddedDatabaseOptions): Promise<Kysely<Tables>> {
  const file = new SqliteFile(options);
  const database = new Kysely<Tables>({ dialect: new EmbeddedDialect(file) });
  try {
    await migrate(database as unknown as Kysely<unknown>, options.migrations, options.clock);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return database;
}

import { QmtlError, sha256Hex, type Clock } from "@qmtl/core";
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
  type CompiledQuery,
  type DatabaseConnection,
  type QueryResult,
} from "kysely";

/**
 * One step of a schema, forward only. What it executes must not depend on what the database holds: its statements are
 * hashed, so that a step that was edited after it ran is found.
 */
export interface Migration {
  readonly name: string;
  up(database: Kysely<unknown>): Promise<void>;
}

interface MigrationTables {
  qmtl_migrations: { name: string; checksum: string; applied_ms: number };
}

/**
 * Brings a database to the newest schema, all steps in one transaction: of several processes that start together one
 * does the work and the others find it done.
 *
 * @throws QmtlError `STORE_FAILED` when the database is newer than this program, `STORE_CORRUPT` when a step that has
 *   run differs from the one given
 */
export async function migrate(
  database: Kysely<unknown>,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<void> {
  const wanted = await Promise.all(
    migrations.map(async (migration) => ({ migration, checksum: await checksumOf(migration) })),
  );
  await (database as Kysely<MigrationTables>).transaction().execute(async (transaction) => {
    await sql`create table if not exists qmtl_migrations (
      name text not null primary key, checksum text not null, applied_ms bigint not null
    )`.execute(transaction);
    const rows = await transaction.selectFrom("qmtl_migrations").selectAll().execute();
    const applied = new Map(rows.map((row) => [row.name, row.checksum]));
    refuseNewer([...applied.keys()], migrations);
    for (const { migration, checksum } of wanted) {
      const found = applied.get(migration.name);
      if (found === checksum) continue;
      if (found !== undefined) throw edited(migration.name);
      await migration.up(transaction as unknown as Kysely<unknown>);
      const row = { name: migration.name, checksum, applied_ms: clock.nowMs() };
      await transaction.insertInto("qmtl_migrations").values(row).execute();
    }
  });
}

function refuseNewer(applied: readonly string[], migrations: readonly Migration[]): void {
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = applied.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new QmtlError("STORE_FAILED", `the database has steps this program does not know: ${unknown.join(", ")}`, {
    details: { unknown },
    hint: "it was opened by a newer version: use that one, or restore a backup made before",
  });
}

function edited(name: string): QmtlError {
  return new QmtlError("STORE_CORRUPT", `the schema step "${name}" is not the one the database was made with`, {
    details: { name },
    hint: "a step that has run cannot be changed: add another one",
  });
}

/** SHA-256 over the statements a step executes and their parameters. */
async function checksumOf(migration: Migration): Promise<string> {
  const statements: string[] = [];
  const recorder = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new RecordingDriver(statements),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  await migration.up(recorder);
  return sha256Hex(JSON.stringify(statements));
}

class RecordingDriver extends DummyDriver {
  readonly #statements: string[];

  constructor(statements: string[]) {
    super();
    this.#statements = statements;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const statements = this.#statements;
    return {
      async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
        statements.push(query.sql, ...query.parameters.map(String));
        return { rows: [] };
      },
      async *streamQuery() {},
    };
  }
}

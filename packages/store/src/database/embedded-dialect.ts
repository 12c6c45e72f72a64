import { assert } from "@qmtl/core";
import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
} from "kysely";
import type { SqliteFile } from "../sqlite/index.ts";

/**
 * kysely over `node:sqlite`. Outside a transaction a query built as a select reads what is committed, at once; any other
 * statement is a transaction of its own. Transactions of one process take turns and share commits.
 */
export class EmbeddedDialect implements Dialect {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  createDriver(): Driver {
    return new EmbeddedDriver(this.#file);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new EmbeddedAdapter();
  }

  createIntrospector(database: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(database);
  }
}

class EmbeddedAdapter extends SqliteAdapter {
  // Otherwise kysely lets one transaction finish before the next begins, and no two could share a commit.
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class EmbeddedDriver implements Driver {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async init(): Promise<void> {}

  // A connection is only a place to remember whether a transaction is open; the file is shared.
  async acquireConnection(): Promise<DatabaseConnection> {
    return new EmbeddedConnection(this.#file);
  }

  async releaseConnection(): Promise<void> {}

  beginTransaction(connection: DatabaseConnection): Promise<void> {
    return embedded(connection).begin();
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return embedded(connection).commit();
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return embedded(connection).rollback();
  }

  destroy(): Promise<void> {
    return this.#file.close();
  }
}

class EmbeddedConnection implements DatabaseConnection {
  readonly #file: SqliteFile;
  #inTransaction = false;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async begin(): Promise<void> {
    await this.#file.begin();
    this.#inTransaction = true;
  }

  async commit(): Promise<void> {
    this.#inTransaction = false;
    await this.#file.commit();
  }

  // kysely also asks for a rollback after a commit that failed, when there is nothing left to undo.
  async rollback(): Promise<void> {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    await this.#file.rollback();
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, changes } = await this.#run(query);
    if (changes === undefined) return { rows: rows as Row[] };
    return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }

  async #run({ sql, parameters, query }: CompiledQuery): Promise<ReturnType<SqliteFile["execute"]>> {
    if (this.#inTransaction) return this.#file.execute(sql, parameters);
    if (query.kind === "SelectQueryNode") return this.#file.executeRead(sql, parameters);
    await this.#file.begin();
    let result;
    try {
      result = this.#file.execute(sql, parameters);
    } catch (error) {
      await this.#file.rollback();
      throw error;
    }
    await this.#file.commit();
    return result;
  }
}

function embedded(connection: DatabaseConnection): EmbeddedConnection {
  assert(connection instanceof EmbeddedConnection, "a connection of this driver");
  return connection;
}

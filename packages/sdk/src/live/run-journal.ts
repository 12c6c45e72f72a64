import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { QmtlError, type EpochMs, type JsonValue } from "@qmtl/core";
import type { Fill, Order } from "@qmtl/engine/broker";
import type { LiveRow } from "./row-merger.ts";

/** What one instant of a run left behind. */
export interface JournalInstant {
  readonly closeMs: EpochMs;
  readonly rows: readonly LiveRow[];
  /** Orders that left at this instant, or changed since the last one, with their client order ids. */
  readonly orders: readonly { readonly clientOrderId: string; readonly order: Order }[];
  readonly fills: readonly { readonly clientOrderId: string; readonly fill: Fill }[];
  /** The account after it. */
  readonly account: unknown;
  readonly equity: number;
}

export interface JournaledFill {
  readonly clientOrderId: string;
  readonly fill: Fill;
}

/** Where a run stood when it was last written down. */
export interface JournalState {
  /** Node state, and the instant it stands at. */
  readonly nodes: { readonly closeMs: EpochMs; readonly state: unknown } | undefined;
  /** Account state, and the instant it stands at; never behind the nodes. */
  readonly account: { readonly closeMs: EpochMs; readonly state: unknown } | undefined;
  /** Rows after the nodes' instant, in the order in which they were released. */
  readonly rows: readonly { readonly closeMs: EpochMs; readonly row: LiveRow }[];
}

/**
 * A run's memory on disk: one transaction an instant, synced before anybody is told. After a crash the run goes on from
 * the last instant that was written, so that no fill is lost and none happens twice. Node state, which is large and can
 * be computed again from the rows kept here, is written less often.
 *
 * @throws QmtlError `STORE_FAILED` when the file cannot be opened or written, `SNAPSHOT_MISMATCH` when it belongs to
 * another strategy
 */
export class RunJournal implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof typeof statements, StatementSync>;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    const prepared = Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)] as const);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof statements, StatementSync>;
  }

  /** @param strategyId - what the file belongs to; a file of another strategy is refused */
  static open(path: string, strategyId: string): RunJournal {
    return attempt(`cannot open the run's journal "${path}"`, () => {
      if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const database = new DatabaseSync(path);
      database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000;");
      database.exec(schema);
      const journal = new RunJournal(database);
      const known = journal.#statements.readMeta.get("strategy") as { value: string } | undefined;
      if (known === undefined) journal.#statements.writeMeta.run("strategy", strategyId);
      else if (known.value !== strategyId) {
        database.close();
        throw new QmtlError(
          "SNAPSHOT_MISMATCH",
          `"${path}" is the journal of another strategy or another version of it`,
          {
            details: { expected: strategyId, found: known.value },
            hint: "give the run another stateFolder, or move that one away to start afresh",
          },
        );
      }
      return journal;
    });
  }

  /** Durable when it returns. */
  commit({ closeMs, rows, orders, fills, account, equity }: JournalInstant): void {
    const { addRow, putOrder, addFill, putState, addEquity } = this.#statements;
    this.#transaction(() => {
      for (const { stream, bucketMs, values } of rows) addRow.run(closeMs, stream, bucketMs, bytesOf(values));
      for (const { clientOrderId, order } of orders) putOrder.run(clientOrderId, closeMs, JSON.stringify(order));
      for (const { clientOrderId, fill } of fills) addFill.run(fill.id, clientOrderId, JSON.stringify(fill));
      putState.run("account", closeMs, serialize(account));
      addEquity.run(closeMs, equity);
    });
  }

  /** Writes down node state; rows up to its instant are needed no more. */
  commitNodes(closeMs: EpochMs, state: unknown): void {
    this.#transaction(() => {
      this.#statements.putState.run("nodes", closeMs, serialize(state));
      this.#statements.dropRows.run(closeMs);
    });
  }

  read(): JournalState {
    const state = (name: string) => {
      const found = this.#statements.readState.get(name) as { close_ms: number; state: Uint8Array } | undefined;
      return found && { closeMs: found.close_ms, state: deserialize(found.state) as unknown };
    };
    const nodes = state("nodes");
    const rows = this.#statements.readRows.all(nodes?.closeMs ?? Number.MIN_SAFE_INTEGER) as unknown as StoredRow[];
    return {
      nodes,
      account: state("account"),
      rows: rows.map(({ close_ms, stream, bucket_ms, row_values }) => ({
        closeMs: close_ms,
        row: { stream, bucketMs: bucket_ms, values: new Float64Array(row_values.slice().buffer) },
      })),
    };
  }

  /** Fills that were not reported yet, oldest first. */
  unreportedFills(limit: number): readonly JournaledFill[] {
    const rows = this.#statements.unreported.all(limit) as unknown as { client_order_id: string; body: string }[];
    return rows.map(({ client_order_id, body }) => ({
      clientOrderId: client_order_id,
      fill: JSON.parse(body) as Fill,
    }));
  }

  markReported(fillId: number): void {
    this.#transaction(() => this.#statements.markReported.run(fillId));
  }

  orders(): readonly { readonly clientOrderId: string; readonly order: Order }[] {
    const rows = this.#statements.readOrders.all() as unknown as { client_order_id: string; body: string }[];
    return rows.map(({ client_order_id, body }) => ({
      clientOrderId: client_order_id,
      order: JSON.parse(body) as Order,
    }));
  }

  fills(): readonly JournaledFill[] {
    const rows = this.#statements.readFills.all() as unknown as { client_order_id: string; body: string }[];
    return rows.map(({ client_order_id, body }) => ({
      clientOrderId: client_order_id,
      fill: JSON.parse(body) as Fill,
    }));
  }

  readNote(name: string): JsonValue | undefined {
    const found = this.#statements.readMeta.get(`note:${name}`) as { value: string } | undefined;
    return found && (JSON.parse(found.value) as JsonValue);
  }

  writeNote(name: string, value: JsonValue): void {
    this.#transaction(() => this.#statements.writeMeta.run(`note:${name}`, JSON.stringify(value)));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #transaction(write: () => void): void {
    attempt("cannot write the run's journal", () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        write();
        this.#database.exec("COMMIT");
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }
}

interface StoredRow {
  readonly close_ms: number;
  readonly stream: number;
  readonly bucket_ms: number;
  readonly row_values: Uint8Array;
}

const schema = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS states (name TEXT PRIMARY KEY, close_ms INTEGER NOT NULL, state BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS rows (
    sequence INTEGER PRIMARY KEY, close_ms INTEGER NOT NULL, stream INTEGER NOT NULL,
    bucket_ms INTEGER NOT NULL, row_values BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS orders (client_order_id TEXT PRIMARY KEY, close_ms INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS fills (
    fill_id INTEGER PRIMARY KEY, client_order_id TEXT NOT NULL, body TEXT NOT NULL, reported INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX IF NOT EXISTS fills_unreported ON fills (fill_id) WHERE reported = 0;
  CREATE TABLE IF NOT EXISTS equity (close_ms INTEGER PRIMARY KEY, equity REAL NOT NULL);
`;

const statements = {
  readMeta: "SELECT value FROM meta WHERE name = ?",
  writeMeta: "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  addRow: "INSERT INTO rows (close_ms, stream, bucket_ms, row_values) VALUES (?, ?, ?, ?)",
  dropRows: "DELETE FROM rows WHERE close_ms <= ?",
  readRows: "SELECT close_ms, stream, bucket_ms, row_values FROM rows WHERE close_ms > ? ORDER BY sequence",
  putState: `INSERT INTO states VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET close_ms = excluded.close_ms, state = excluded.state`,
  readState: "SELECT close_ms, state FROM states WHERE name = ?",
  putOrder: `INSERT INTO orders VALUES (?, ?, ?)
    ON CONFLICT (client_order_id) DO UPDATE SET close_ms = excluded.close_ms, body = excluded.body`,
  readOrders: "SELECT client_order_id, body FROM orders ORDER BY rowid",
  // A fill id that is there already is a defect of the run, not something to pass over.
  addFill: "INSERT INTO fills (fill_id, client_order_id, body) VALUES (?, ?, ?)",
  readFills: "SELECT client_order_id, body FROM fills ORDER BY fill_id",
  unreported: "SELECT client_order_id, body FROM fills WHERE reported = 0 ORDER BY fill_id LIMIT ?",
  markReported: "UPDATE fills SET reported = 1 WHERE fill_id = ?",
  addEquity: "INSERT OR REPLACE INTO equity VALUES (?, ?)",
} as const;

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof QmtlError) throw cause;
    throw new QmtlError("STORE_FAILED", `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: "free the disk or repair the folder; the run stops before it acts on what it cannot keep",
      cause,
    });
  }
}

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { QmtlError, type EpochMs } from "@qmtl/core";
import type { Fill, Order } from "@qmtl/engine/broker";
import type { Admission } from "./gated-broker.ts";
import { holdJournal } from "./hold-journal.ts";
import type { LiveRow } from "./row-merger.ts";

/** What one instant of a run left behind. */
export interface JournalInstant {
  readonly closeMs: EpochMs;
  readonly rows: readonly LiveRow[];
  /** Orders that left at this instant, or changed since the last one, with their client order ids. */
  readonly orders: readonly { readonly clientOrderId: string; readonly order: Order }[];
  readonly fills: readonly { readonly clientOrderId: string; readonly fill: Fill }[];
  /** What the gate said to each order that wanted to leave, in that order: with the rows, all that decided the instant. */
  readonly verdicts: readonly Admission[];
  readonly equity: number;
}

export interface JournaledFill {
  readonly clientOrderId: string;
  readonly fill: Fill;
}

/** Where a run stood when it was last written down. */
export interface JournalState {
  readonly checkpoint: { readonly closeMs: EpochMs; readonly state: unknown } | undefined;
  /** Instants after the checkpoint, in order. */
  readonly instants: readonly {
    readonly closeMs: EpochMs;
    readonly rows: readonly LiveRow[];
    readonly verdicts: readonly Admission[];
  }[];
  /** Ids under which orders left, by the run's own numbers. */
  readonly clientOrderIds: ReadonlyMap<number, string>;
}

/**
 * A run's memory on disk: one transaction an instant, synced before anybody is told. After a crash the run goes on from
 * the last instant that was written, so that no fill is lost and none happens twice: rows and the gate's verdicts decide
 * everything, so that state, which is large, has to be written only now and then.
 *
 * @throws QmtlError `STORE_FAILED` when the file cannot be opened or written, or another run has it; `SNAPSHOT_MISMATCH`
 * when it belongs to another strategy
 */
export class RunJournal implements Disposable {
  readonly #database: DatabaseSync;
  readonly #release: () => void;
  readonly #statements: Record<keyof typeof statements, StatementSync>;

  private constructor(database: DatabaseSync, release: () => void) {
    this.#database = database;
    this.#release = release;
    const prepared = Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)] as const);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof statements, StatementSync>;
  }

  /** @param strategyId - what the file belongs to; a file of another strategy is refused */
  static open(path: string, strategyId: string): RunJournal {
    return attempt(`cannot open the run's journal "${path}"`, () => {
      const isFile = path !== ":memory:";
      if (isFile) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const release = isFile ? holdJournal(path) : (): void => undefined;
      let journal: RunJournal;
      try {
        const database = new DatabaseSync(path);
        database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000;");
        database.exec(schema);
        journal = new RunJournal(database, release);
      } catch (error) {
        release();
        throw error;
      }
      const known = journal.#statements.readMeta.get("strategy") as { value: string } | undefined;
      if (known === undefined) journal.#statements.writeMeta.run("strategy", strategyId);
      else if (known.value !== strategyId) {
        journal[Symbol.dispose]();
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

  /** Writes instants down in one transaction: durable when it returns. */
  commit(instants: readonly JournalInstant[]): void {
    const { addInstant, addRow, putOrder, addFill } = this.#statements;
    this.#transaction(() => {
      for (const { closeMs, rows, orders, fills, verdicts, equity } of instants) {
        addInstant.run(closeMs, JSON.stringify(verdicts), equity);
        for (const { stream, bucketMs, values } of rows) addRow.run(closeMs, stream, bucketMs, bytesOf(values));
        for (const { clientOrderId, order } of orders) putOrder.run(clientOrderId, order.id, JSON.stringify(order));
        for (const { clientOrderId, fill } of fills) addFill.run(fill.id, clientOrderId, JSON.stringify(fill));
      }
    });
  }

  /** Writes an order down before it goes out of the process (OG-9). Durable when it returns. */
  recordSent({ clientOrderId, order }: { readonly clientOrderId: string; readonly order: Order }): void {
    this.#transaction(() => this.#statements.putOrder.run(clientOrderId, order.id, JSON.stringify(order)));
  }

  /** Equity at every instant since the run began, over all its restarts. */
  equity(): { readonly times: Float64Array; readonly equity: Float64Array } {
    const rows = this.#statements.readEquity.all() as unknown as { close_ms: number; equity: number }[];
    return {
      times: Float64Array.from(rows, ({ close_ms }) => close_ms),
      equity: Float64Array.from(rows, ({ equity }) => equity),
    };
  }

  /** Writes down the whole state; verdicts up to its instant are needed no more. */
  checkpoint(closeMs: EpochMs, state: unknown): void {
    const { putState, dropVerdicts } = this.#statements;
    this.#transaction(() => {
      putState.run("run", closeMs, serialize(state));
      dropVerdicts.run(closeMs);
    });
  }

  /** Every row of a stream that the run has taken, oldest first. */
  rowsOf(stream: number): readonly LiveRow[] {
    const rows = this.#statements.readStream.all(stream) as unknown as StoredRow[];
    return rows.map(rowOf);
  }

  read(): JournalState {
    const { readState, readInstants, readRows, readOrderIds } = this.#statements;
    const stored = readState.get("run") as { close_ms: number; state: Uint8Array } | undefined;
    const fromMs = stored?.close_ms ?? Number.MIN_SAFE_INTEGER;
    const rows = readRows.all(fromMs) as unknown as StoredRow[];
    const rowsAt = Map.groupBy(rows, ({ close_ms }) => close_ms);
    const instants = readInstants.all(fromMs) as unknown as { close_ms: number; verdicts: string }[];
    const orders = readOrderIds.all() as unknown as { client_order_id: string; order_id: number }[];
    return {
      checkpoint: stored && { closeMs: stored.close_ms, state: deserialize(stored.state) as unknown },
      instants: instants.map(({ close_ms: closeMs, verdicts }) => ({
        closeMs,
        rows: (rowsAt.get(closeMs) ?? []).map(rowOf),
        verdicts: JSON.parse(verdicts) as readonly Admission[],
      })),
      clientOrderIds: new Map(orders.map(({ order_id, client_order_id }) => [order_id, client_order_id])),
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

  [Symbol.dispose](): void {
    if (!this.#database.isOpen) return;
    this.#database.close();
    this.#release();
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
  CREATE TABLE IF NOT EXISTS instants (close_ms INTEGER PRIMARY KEY, verdicts TEXT, equity REAL NOT NULL);
  CREATE TABLE IF NOT EXISTS rows (
    sequence INTEGER PRIMARY KEY, close_ms INTEGER NOT NULL, stream INTEGER NOT NULL,
    bucket_ms INTEGER NOT NULL, row_values BLOB NOT NULL);
  CREATE INDEX IF NOT EXISTS rows_close ON rows (close_ms);
  CREATE TABLE IF NOT EXISTS orders (client_order_id TEXT PRIMARY KEY, order_id INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS fills (
    fill_id INTEGER PRIMARY KEY, client_order_id TEXT NOT NULL, body TEXT NOT NULL, reported INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX IF NOT EXISTS fills_unreported ON fills (fill_id) WHERE reported = 0;
`;

const statements = {
  readMeta: "SELECT value FROM meta WHERE name = ?",
  writeMeta: "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  addInstant: "INSERT INTO instants VALUES (?, ?, ?)",
  readInstants: "SELECT close_ms, verdicts FROM instants WHERE close_ms > ? ORDER BY close_ms",
  readEquity: "SELECT close_ms, equity FROM instants ORDER BY close_ms",
  dropVerdicts: "UPDATE instants SET verdicts = NULL WHERE close_ms <= ? AND verdicts IS NOT NULL",
  addRow: "INSERT INTO rows (close_ms, stream, bucket_ms, row_values) VALUES (?, ?, ?, ?)",
  readStream: "SELECT close_ms, stream, bucket_ms, row_values FROM rows WHERE stream = ? ORDER BY sequence",
  readRows: "SELECT close_ms, stream, bucket_ms, row_values FROM rows WHERE close_ms > ? ORDER BY sequence",
  putState: `INSERT INTO states VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET close_ms = excluded.close_ms, state = excluded.state`,
  readState: "SELECT close_ms, state FROM states WHERE name = ?",
  putOrder: `INSERT INTO orders VALUES (?, ?, ?)
    ON CONFLICT (client_order_id) DO UPDATE SET body = excluded.body`,
  readOrderIds: "SELECT client_order_id, order_id FROM orders",
  readOrders: "SELECT client_order_id, body FROM orders ORDER BY rowid",
  // An instant or a fill that is there already is a defect of the run, not something to pass over.
  addFill: "INSERT INTO fills (fill_id, client_order_id, body) VALUES (?, ?, ?)",
  readFills: "SELECT client_order_id, body FROM fills ORDER BY fill_id",
  unreported: "SELECT client_order_id, body FROM fills WHERE reported = 0 ORDER BY fill_id LIMIT ?",
  markReported: "UPDATE fills SET reported = 1 WHERE fill_id = ?",
} as const;

function rowOf({ stream, bucket_ms, row_values }: StoredRow): LiveRow {
  return { stream, bucketMs: bucket_ms, values: new Float64Array(row_values.slice().buffer) };
}

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

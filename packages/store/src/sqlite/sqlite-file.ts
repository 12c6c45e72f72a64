import { QmtlError, type Clock } from "@qmtl/core";
import { chmodSync, closeSync, fdatasync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { Checkpoints, type CheckpointOptions } from "./checkpoints.ts";
import { isBusy, storeError } from "./sqlite-error.ts";
import { StatementCache, type SqlRow, type StatementResult } from "./statement-cache.ts";
import { WriteGroup } from "./write-group.ts";

export interface SqliteFileOptions extends CheckpointOptions {
  /** A file, made with mode 0600 in folders of mode 0700 when it is not there, or ":memory:". */
  readonly path: string;
  readonly clock: Clock;
  /** How long a write waits while another process writes; 5,000 ms unless told. */
  readonly busyTimeoutMs?: number;
  /** Resolves when what was written to a descriptor is on disk; `fdatasync` on a thread of Node's pool unless told. */
  readonly syncFile?: (descriptor: number) => Promise<void>;
}

/** Runs one statement of a transaction and answers its rows. */
export type RunStatement = (sql: string, parameters?: readonly unknown[]) => SqlRow[];

/**
 * One SQLite database: a connection that writes, and for files one that reads what is committed without waiting.
 * Commits are durable (write-ahead log, on disk before they are acknowledged) and safe between processes on one machine.
 * SQLite itself writes the log and does not wait; the wait is this class's, on a thread of Node's pool. What a read or a
 * transaction that was undone has seen is on disk, too, before its caller hears of it. Another thread copies the log into
 * the file.
 *
 * Everything rejects with `STORE_FAILED` (full, read-only, locked, unreadable) or `STORE_CORRUPT`, always before a
 * write is acknowledged.
 */
export class SqliteFile {
  readonly path: string;
  readonly #writer: DatabaseSync;
  readonly #reader: DatabaseSync;
  readonly #writes: StatementCache;
  readonly #reads: StatementCache;
  readonly #group: WriteGroup;
  readonly #checkpoints: Checkpoints | undefined;
  readonly #watchers = new Set<() => void>();
  readonly #clock: Clock;
  #seenVersion = 0;
  #damage: QmtlError | undefined;
  readonly #syncFile: (descriptor: number) => Promise<void>;
  #log: number | undefined; // descriptor of the write-ahead log, which lives as long as a connection
  #cancelWatch: (() => void) | undefined;

  /** @throws QmtlError `STORE_FAILED`, `STORE_CORRUPT` */
  constructor(options: SqliteFileOptions) {
    this.path = options.path;
    this.#clock = options.clock;
    this.#syncFile = options.syncFile ?? promisify(fdatasync);
    try {
      this.#writer = openWriter(options.path);
      this.#reader = options.path === memoryPath ? this.#writer : openReader(options.path);
    } catch (cause) {
      throw storeError(cause, options.path);
    }
    this.#writes = new StatementCache(this.#writer);
    this.#reads = this.#reader === this.#writer ? this.#writes : new StatementCache(this.#reader);
    if (options.path !== memoryPath) this.#checkpoints = Checkpoints.of(options.path, this.#writer, options);
    this.#group = new WriteGroup(this.#writer, {
      clock: options.clock,
      errorOf: (cause) => this.#errorOf(cause),
      busyTimeoutMs: options.busyTimeoutMs ?? 5_000,
      ...(options.path !== memoryPath && { sync: () => this.#syncLog() }),
      room: () => this.#checkpoints?.room,
      onWritten: () => this.#checkpoints?.look(),
      onCommit: () => this.#committed(),
    });
  }

  /**
   * Runs `body` as one transaction; resolves with its answer when that is durable. A throw undoes all of it.
   *
   * @param options - `durable: false` does not wait for the disk: the write outlives the process, but a machine that loses
   *   power before the next durable write of this file, which takes it along, may forget it
   */
  async write<T>(body: (run: RunStatement) => T, { durable = true } = {}): Promise<T> {
    await this.begin(durable);
    let answer: T;
    try {
      answer = body((sql, parameters = []) => this.execute(sql, parameters).rows);
    } catch (error) {
      await this.rollback();
      throw error;
    }
    await this.commit();
    return answer;
  }

  /**
   * Brings the schema up to date: one list of statements per version, of which those above the file's version run, all in
   * one transaction.
   *
   * @throws QmtlError `STORE_FAILED` when the file is of a newer version than the list
   */
  async upgrade(versions: readonly (readonly string[])[]): Promise<void> {
    await this.write((run) => {
      const found = Number(run("pragma user_version")[0]!["user_version"]);
      if (found > versions.length) throw newerSchema(this.path, found, versions.length);
      for (const statement of versions.slice(found).flat()) run(statement);
      run(`pragma user_version = ${versions.length}`);
    });
  }

  /** The rows of a statement that only reads, from what is committed. */
  async read(sql: string, parameters: readonly unknown[] = []): Promise<SqlRow[]> {
    return (await this.executeRead(sql, parameters)).rows;
  }

  async begin(durable = true): Promise<void> {
    this.#refuseDamaged();
    await this.#group.begin(durable);
  }

  /** Runs a statement in the transaction that `begin` opened. */
  execute(sql: string, parameters: readonly unknown[]): StatementResult {
    return this.#group.during(() => this.#writes.run(sql, parameters));
  }

  commit(): Promise<void> {
    return this.#group.commit();
  }

  /** Resolves when what the transaction may have seen is on disk. */
  async rollback(): Promise<void> {
    this.#group.rollback();
    await this.#group.onDisk;
  }

  async executeRead(sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
    this.#refuseDamaged();
    if (this.#reader === this.#writer) return this.#group.between(() => this.#reads.run(sql, parameters));
    try {
      const result = this.#reads.run(sql, parameters);
      const { onDisk } = this.#group;
      if (onDisk !== undefined) await onDisk;
      return result;
    } catch (cause) {
      throw this.#errorOf(cause);
    }
  }

  /**
   * Calls `changed` after every commit of this process, and within `watchIntervalMs` of one by another process.
   * The answer ends it.
   */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    if (this.#reader !== this.#writer && this.#cancelWatch === undefined) {
      this.#seenVersion = this.#dataVersion();
      this.#watchOthers();
    }
    return () => {
      this.#watchers.delete(changed);
      if (this.#watchers.size > 0) return;
      this.#cancelWatch?.();
      this.#cancelWatch = undefined;
    };
  }

  /** Waits for the transactions that have begun. */
  async close(): Promise<void> {
    await this.#group.between(() => {});
    await this.#checkpoints?.end(); // the last to close takes the log along, and that is not the other thread
    await this.#group.between(() => {
      this.#watchers.clear();
      this.#cancelWatch?.();
      if (this.#reader !== this.#writer) this.#reader.close();
      this.#writer.close();
    });
    await this.#group.onDisk?.catch(() => {}); // whoever asked for it is told
    if (this.#log !== undefined) closeSync(this.#log);
  }

  async #syncLog(): Promise<void> {
    try {
      await this.#syncFile((this.#log ??= openSync(`${this.path}-wal`, "r+")));
    } catch (cause) {
      // The system may have dropped what it could not write: what is asked next would be answered from thin air.
      throw (this.#damage ??= unsynced(this.path, cause));
    }
  }

  #watchOthers(): void {
    this.#cancelWatch = this.#clock.after(watchIntervalMs, () => {
      const version = this.#dataVersion();
      const isNew = version !== this.#seenVersion;
      this.#seenVersion = version;
      this.#watchOthers();
      if (isNew) this.#changed();
    });
  }

  #committed(): void {
    if (this.#watchers.size === 0) return;
    if (this.#reader !== this.#writer) this.#seenVersion = this.#dataVersion();
    this.#changed();
  }

  // NaN, which differs from everything, when the file does not answer: whoever reads next learns why.
  #dataVersion(): number {
    try {
      return Number(this.#reads.run("pragma data_version", []).rows[0]!["data_version"]);
    } catch {
      return Number.NaN;
    }
  }

  #errorOf(cause: unknown): unknown {
    const error = storeError(cause, this.path);
    if (error instanceof QmtlError && error.code === "STORE_CORRUPT") this.#damage ??= error;
    return error;
  }

  // What a damaged file still answers may be wrong: once the damage is met, nothing is asked of it any more.
  #refuseDamaged(): void {
    if (this.#damage !== undefined) throw this.#damage;
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

function newerSchema(path: string, found: number, known: number): QmtlError {
  return new QmtlError("STORE_FAILED", `expected ${path} to have schema ${known} or older; found ${found}`, {
    details: { path, found, known },
    hint: "it was opened by a newer version: use that one, or restore a backup made before",
  });
}

function unsynced(path: string, cause: unknown): QmtlError {
  return new QmtlError(
    "STORE_FAILED",
    `what was written to ${path} did not reach the disk: ${(cause as Error).message}`,
    {
      details: { path },
      hint: "look at the disk, then start again: what was acknowledged is there",
      cause,
    },
  );
}

const memoryPath = ":memory:";
const watchIntervalMs = 20;
const openTimeoutMs = 5_000;
const busyPauseMs = 10;

function openWriter(path: string): DatabaseSync {
  if (path !== memoryPath) createPrivately(path);
  const connection = new DatabaseSync(path, { timeout: openTimeoutMs });
  try {
    enterWriteAheadLog(connection);
    connection.exec("pragma synchronous = normal; pragma foreign_keys = on");
    checkIntegrity(connection, path);
    // From here on a locked database is waited for without stopping the event loop.
    connection.exec("pragma busy_timeout = 0");
  } catch (cause) {
    connection.close();
    throw cause;
  }
  return connection;
}

// Of several processes that make a file at once one changes its mode, and SQLite turns the others away without waiting.
function enterWriteAheadLog(connection: DatabaseSync): void {
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 1; ; attempt++) {
    try {
      connection.exec("pragma journal_mode = wal");
      return;
    } catch (cause) {
      if (!isBusy(cause) || attempt >= openTimeoutMs / busyPauseMs) throw cause;
    }
    Atomics.wait(waiting, 0, 0, busyPauseMs);
  }
}

function openReader(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: openTimeoutMs, readOnly: true });
  connection.exec("pragma query_only = on");
  return connection;
}

function createPrivately(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
  } catch (cause) {
    throw new QmtlError("STORE_FAILED", `the database ${path} cannot be opened: ${(cause as Error).message}`, {
      details: { path },
      hint: "check that the folder exists and that this user may write to it",
      cause,
    });
  }
}

function checkIntegrity(connection: DatabaseSync, path: string): void {
  const [first] = connection.prepare("pragma quick_check(1)").all();
  const found = first?.["quick_check"];
  if (found === "ok") return;
  throw new QmtlError("STORE_CORRUPT", `the database ${path} is damaged: ${String(found)}`, {
    details: { path },
    hint: "stop every process that uses it and restore it from a backup; do not edit it",
  });
}

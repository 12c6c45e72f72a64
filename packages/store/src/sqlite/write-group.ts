import { sleep, type Clock } from "@qmtl/core";
import type { DatabaseSync } from "node:sqlite";
import { isBusy } from "./sqlite-error.ts";

export interface WriteGroupOptions {
  readonly clock: Clock;
  /** The error that callers get for one of SQLite's. */
  readonly errorOf: (cause: unknown) => unknown;
  /** How long to ask for the write lock while another process holds it. */
  readonly busyTimeoutMs: number;
  readonly onCommit: () => void;
}

const membersMax = 256;
const openMsMax = 10;
const busyRetryMs = 2;

/**
 * The transactions of one writing connection, one at a time, in the order they asked. Those that wait when one ends
 * share its commit, and so its fsync: each runs in a savepoint of its own, and none is acknowledged before the whole
 * group is on disk. A member that rolls back leaves the others alone; a commit that fails fails all of them.
 *
 * A transaction must not wait for anything but its own statements: the whole group waits with it.
 */
export class WriteGroup {
  readonly #connection: DatabaseSync;
  readonly #options: WriteGroupOptions;
  readonly #turns: (() => void)[] = [];
  #taken = false;
  #members: PromiseWithResolvers<void>[] = [];
  #openedMs = 0;
  #open = false;
  #durable = true; // what the connection is set to
  #lost: unknown; // why the running transaction is gone although it has not ended

  constructor(connection: DatabaseSync, options: WriteGroupOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Resolves when it is the caller's turn and a transaction is open; `commit` or `rollback` must follow.
   *
   * @param durable - false: need not be on disk when `commit` resolves, unless others of its group have to be
   */
  async begin(durable = true): Promise<void> {
    await this.#turn();
    try {
      if (this.#open && durable && !this.#durable) this.#flush();
      if (this.#open) this.#connection.exec("savepoint member");
      else await this.#openTransaction(durable);
    } catch (cause) {
      this.#afterFailure(cause);
      this.#lost = undefined;
      this.#next();
      throw this.#options.errorOf(cause);
    }
  }

  /** Runs a part of the open transaction. Some failures (a full disk) end the transaction of the whole group. */
  during<T>(run: () => T): T {
    if (this.#lost !== undefined) throw this.#options.errorOf(this.#lost);
    try {
      return run();
    } catch (cause) {
      this.#afterFailure(cause);
      throw this.#options.errorOf(cause);
    }
  }

  /** Resolves when the transaction is durable. */
  async commit(): Promise<void> {
    const lost = this.#lost;
    if (lost !== undefined) {
      this.#lost = undefined;
      this.#next();
      throw this.#options.errorOf(lost);
    }
    try {
      if (this.#members.length > 0) this.#connection.exec("release member");
    } catch (cause) {
      this.rollback();
      throw this.#options.errorOf(cause);
    }
    const member = Promise.withResolvers<void>();
    this.#members.push(member);
    this.#next();
    return member.promise;
  }

  rollback(): void {
    if (this.#lost === undefined) {
      try {
        if (this.#members.length > 0) this.#connection.exec("rollback to member; release member");
        else this.#abandon();
      } catch (cause) {
        this.#failMembers(cause);
      }
    }
    this.#lost = undefined;
    this.#next();
  }

  /** Runs `read` between transactions, on what is committed. Only for a database that has no second connection. */
  async between<T>(read: () => T): Promise<T> {
    await this.#turn();
    try {
      if (this.#open) this.#flush();
      return read();
    } catch (cause) {
      throw this.#options.errorOf(cause);
    } finally {
      this.#next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#taken) await new Promise<void>((turn) => this.#turns.push(turn));
    this.#taken = true;
  }

  // Called when a transaction has ended one way or the other: the next one joins the group, or the group commits.
  #next(): void {
    if (this.#open && (this.#turns.length === 0 || this.#isFull())) this.#flush();
    this.#taken = this.#turns.length > 0;
    this.#turns.shift()?.();
  }

  #isFull(): boolean {
    if (this.#members.length >= membersMax) return true;
    return this.#options.clock.monotonicMs() - this.#openedMs >= openMsMax;
  }

  async #openTransaction(durable: boolean): Promise<void> {
    const { clock, busyTimeoutMs } = this.#options;
    if (durable !== this.#durable) {
      // In write-ahead mode "normal" leaves out the fsync of a commit, and nothing else.
      this.#connection.exec(`pragma synchronous = ${durable ? "full" : "normal"}`);
      this.#durable = durable;
    }
    const askedMs = clock.monotonicMs();
    for (;;) {
      try {
        this.#connection.exec("begin immediate");
        break;
      } catch (cause) {
        // Waiting inside SQLite would stop the event loop, and with it whoever holds the lock in this process.
        if (!isBusy(cause) || clock.monotonicMs() - askedMs >= busyTimeoutMs) throw cause;
        await sleep(clock, busyRetryMs);
      }
    }
    this.#open = true;
    this.#openedMs = clock.monotonicMs();
  }

  #flush(): void {
    const members = this.#members;
    if (members.length === 0) {
      this.#abandon();
      return;
    }
    try {
      this.#connection.exec("commit");
    } catch (cause) {
      this.#failMembers(cause);
      return;
    }
    this.#open = false;
    this.#members = [];
    for (const member of members) member.resolve();
    this.#options.onCommit();
  }

  #abandon(): void {
    this.#open = false;
    if (!this.#connection.isTransaction) return;
    try {
      this.#connection.exec("rollback");
    } catch {
      // SQLite has ended the transaction by itself; otherwise the next one cannot begin, and says so.
    }
  }

  #afterFailure(cause: unknown): void {
    if (!this.#open || this.#connection.isTransaction) return;
    this.#lost = cause;
    this.#failMembers(cause);
  }

  #failMembers(cause: unknown): void {
    const members = this.#members;
    this.#members = [];
    const error = this.#options.errorOf(cause);
    for (const member of members) member.reject(error);
    this.#abandon();
  }
}

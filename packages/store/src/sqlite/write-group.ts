import { sleep, type Clock } from "@qmtl/core";
import type { DatabaseSync } from "node:sqlite";
import { isBusy } from "./sqlite-error.ts";

export interface WriteGroupOptions {
  readonly clock: Clock;
  /** The error that callers get for one of SQLite's. */
  readonly errorOf: (cause: unknown) => unknown;
  /** How long to ask for the write lock while another process holds it. */
  readonly busyTimeoutMs: number;
  /** Brings to the disk what has been committed; absent for a database in memory. */
  readonly sync?: () => Promise<void>;
  /** What a transaction waits for before it begins, if anything. */
  readonly room?: () => Promise<void> | undefined;
  /** Called when a group has been written, and no transaction is open. */
  readonly onWritten?: () => void;
  /** Called when a group is committed and, where one of its members asks for that, on disk. */
  readonly onCommit: () => void;
}

interface Member extends PromiseWithResolvers<void> {
  readonly durable: boolean;
}

const membersMax = 256;
const openMsMax = 10;
const busyRetryMs = 2;

/**
 * The transactions of one writing connection, one at a time, in the order they asked. Those that wait when one ends
 * share its commit: each runs in a savepoint of its own, and none is acknowledged before the whole group is on disk.
 * A member that rolls back leaves the others alone; a commit that fails fails all of them.
 *
 * A commit writes to the log and leaves the wait for the disk to another thread: meanwhile the next group runs, and
 * what is committed by the time the disk has answered shares the next wait.
 *
 * A transaction must not wait for anything but its own statements: the whole group waits with it.
 */
export class WriteGroup {
  readonly #connection: DatabaseSync;
  readonly #options: WriteGroupOptions;
  readonly #turns: (() => void)[] = [];
  #taken = false;
  #members: Member[] = [];
  #openedMs = 0;
  #open = false;
  #durable = true; // what the running transaction asks for
  #lost: unknown; // why the running transaction is gone although it has not ended
  #syncing: Promise<void> | undefined; // the wait for the disk that is under way
  #nextSync: Promise<void> | undefined; // the one after it, for what has been committed since

  constructor(connection: DatabaseSync, options: WriteGroupOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Resolves when it is the caller's turn and a transaction is open; `commit` or `rollback` must follow.
   *
   * @param durable - false: need not be on disk when `commit` resolves
   */
  async begin(durable = true): Promise<void> {
    await this.#turn();
    this.#durable = durable;
    try {
      if (this.#open) this.#connection.exec("savepoint member");
      else await this.#openTransaction();
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
    const member = { ...Promise.withResolvers<void>(), durable: this.#durable };
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

  /** Resolves when everything that is committed now is on disk; undefined when it is. */
  get onDisk(): Promise<void> | undefined {
    return this.#nextSync ?? this.#syncing;
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

  async #openTransaction(): Promise<void> {
    const { clock, busyTimeoutMs, room } = this.#options;
    const noRoom = room?.();
    if (noRoom !== undefined) await noRoom;
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
    this.#options.onWritten?.();
    if (this.#options.sync !== undefined && members.some(({ durable }) => durable)) {
      void this.#acknowledgeOnDisk(members);
      return;
    }
    for (const member of members) member.resolve();
    this.#options.onCommit();
  }

  async #acknowledgeOnDisk(members: readonly Member[]): Promise<void> {
    for (const member of members) if (!member.durable) member.resolve();
    try {
      await (this.#nextSync ??= this.#syncNext());
    } catch (cause) {
      const error = this.#options.errorOf(cause);
      for (const member of members) member.reject(error);
      return;
    }
    for (const member of members) member.resolve();
    this.#options.onCommit();
  }

  async #syncNext(): Promise<void> {
    // A wait that began before a commit may not have seen it.
    await this.#syncing?.catch(() => {});
    const syncing = (this.#syncing = this.#options.sync!());
    this.#nextSync = undefined;
    try {
      await syncing;
    } finally {
      if (this.#syncing === syncing) this.#syncing = undefined;
    }
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

import { pathToFileURL } from "node:url";
import type { Clock } from "@qmtl/core";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Worker } from "node:worker_threads";

export interface CheckpointJob {
  readonly id: number;
  /** Of a file that is there. */
  readonly url: string;
  /** `passive` stands in nobody's way and copies what it can; `truncate` waits until it has all and the log is empty. */
  readonly mode: "passive" | "truncate";
}

/**
 * Resolves when it has been tried; what could not be copied is tried again with the next. Rejects when there is nobody who
 * could try.
 */
export type Checkpoint = (path: string, mode: CheckpointJob["mode"]) => Promise<void>;

/** How long the log may grow, in pages of 4 kB. */
export interface LogLimits {
  /** That were not copied, until a checkpoint is asked for when there was none for a while. */
  readonly openMin: number;
  /** The same, whenever the last one was. */
  readonly openMax: number;
  /** Altogether, until writers wait for a checkpoint: while they write, the log cannot start again. */
  readonly pagesMax: number;
}

export interface CheckpointOptions {
  /** On a thread of its own unless told. */
  readonly checkpoint?: Checkpoint;
  readonly logLimits?: LogLimits;
  readonly clock: Clock;
}

// Whoever commits while a checkpoint brings the file to the disk waits longer: several small ones are better than a large one,
// but not one after the other.
const defaultLogLimits: LogLimits = { openMin: 500, openMax: 4_000, pagesMax: 16_000 };
const restMs = 200;

/**
 * The checkpoints of one file's write-ahead log. SQLite would make them inside the commit that finds the log long, on the
 * thread that runs everything else, which takes ten times as long as the commit itself.
 */
export class Checkpoints {
  readonly #path: string;
  readonly #checkpoint: Checkpoint;
  readonly #limits: LogLimits;
  readonly #clock: Clock;
  readonly #length: StatementSync;
  readonly #connection: DatabaseSync;
  #isLeftToSqlite = false;
  #running: Promise<void> | undefined;
  #endedMs = Number.NEGATIVE_INFINITY;
  #room: Promise<void> | undefined;
  #truncateFrom: number; // pages; more after an attempt that did not come through, for each makes writers wait

  private constructor(path: string, connection: DatabaseSync, { checkpoint, logLimits, clock }: CheckpointOptions) {
    this.#path = path;
    this.#clock = clock;
    this.#checkpoint = checkpoint ?? checkpointOnThread;
    this.#limits = logLimits ?? defaultLogLimits;
    this.#truncateFrom = this.#limits.pagesMax;
    this.#connection = connection;
    connection.exec("pragma wal_autocheckpoint = 0");
    this.#length = connection.prepare("pragma wal_checkpoint(noop)");
  }

  /**
   * @param connection - the one that writes
   * @returns undefined where SQLite is too old to tell how long a log is: there it makes its checkpoints itself
   */
  static of(path: string, connection: DatabaseSync, options: CheckpointOptions): Checkpoints | undefined {
    const [row] = connection.prepare("select sqlite_version() as version").all();
    const [major = 0, minor = 0] = String(row!["version"]).split(".").map(Number);
    return major > 3 || minor >= 51 ? new Checkpoints(path, connection, options) : undefined;
  }

  /** Looks at the log; to be called after a commit, when no transaction is open. */
  look(): void {
    if (this.#running !== undefined || this.#isLeftToSqlite) return;
    const { openMin, openMax, pagesMax } = this.#limits;
    const { log, checkpointed } = this.#lengths();
    if (log < pagesMax) this.#truncateFrom = pagesMax;
    if (log >= this.#truncateFrom) {
      this.#truncateFrom = log + openMax;
      this.#room = this.#run("truncate");
    } else if (log - checkpointed >= (this.#clock.monotonicMs() - this.#endedMs < restMs ? openMax : openMin)) {
      void this.#run("passive");
    }
  }

  /** What the next transaction has to wait for, if anything: the log must not grow without end. */
  get room(): Promise<void> | undefined {
    return this.#room;
  }

  /** Resolves when no checkpoint runs. */
  async end(): Promise<void> {
    await this.#running;
  }

  #lengths(): { readonly log: number; readonly checkpointed: number } {
    try {
      return this.#length.get() as { log: number; checkpointed: number };
    } catch {
      return { log: 0, checkpointed: 0 }; // what is wrong with the file, whoever reads or writes it next is told
    }
  }

  #run(mode: CheckpointJob["mode"]): Promise<void> {
    this.#running = this.#checkpoint(this.#path, mode)
      .catch((error: unknown) => this.#leaveToSqlite(error))
      .then(() => {
        this.#running = undefined;
        this.#endedMs = this.#clock.monotonicMs();
        this.#room = undefined;
      });
    return this.#running;
  }

  // Slower for those who write, and a log that nobody copies would grow without end.
  #leaveToSqlite(error: unknown): void {
    this.#isLeftToSqlite = true;
    this.#connection.exec("pragma wal_autocheckpoint = 1000");
    const why = error instanceof Error ? error.message : String(error);
    process.emitWarning(
      `the write-ahead log of "${this.#path}" is copied by those who write from here on, which makes them slower; expected a ` +
        `thread that copies it, found that it ended: ${why}; restart the process to have it back`,
      "QmtlWarning",
    );
  }
}

/** One for all files of the process; it does not keep the process from ending when there is nothing to do. */
let thread: { readonly worker: Worker; readonly waiting: Map<number, PromiseWithResolvers<void>> } | undefined;
let jobs = 0;

/** On a thread of its own, which starts with the first. */
function checkpointOnThread(path: string, mode: CheckpointJob["mode"]): Promise<void> {
  thread ??= startThread();
  const { worker, waiting } = thread;
  const id = jobs++;
  const tried = Promise.withResolvers<void>();
  waiting.set(id, tried);
  worker.ref();
  worker.postMessage({ id, url: `${pathToFileURL(path).href}?mode=rw`, mode } satisfies CheckpointJob);
  return tried.promise;
}

function startThread(): NonNullable<typeof thread> {
  const worker = new Worker(new URL("./checkpoint-thread.ts", import.meta.url), {
    name: "qmtl-checkpoint",
    resourceLimits: { maxYoungGenerationSizeMb: 1 },
  });
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  worker.on("message", (id: number) => {
    waiting.get(id)?.resolve();
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
  });
  let why: unknown = new Error("without a reason");
  worker
    .on("error", (error) => (why = error))
    .on("exit", () => {
      thread = undefined;
      for (const { reject } of waiting.values()) reject(why);
    });
  return { worker, waiting };
}

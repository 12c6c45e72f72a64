import { Worker } from "node:worker_threads";
import { errorCatalog, QmtlError, type ErrorCode } from "@qmtl/core";
import { rested, Thread } from "../edge/thread.ts";
import { allDone, stopJob, workOn, type JobMessage, type LoadClass, type PlainError, type SweepJob } from "./jobs.ts";

interface SweepThread {
  readonly worker: Worker;
  readonly thread: Thread;
}

/** Threads nobody uses now. They are kept for the next sweep, warm, and do not keep the process from ending. */
const idle: SweepThread[] = [];
let jobCount = 0;

/** Threads of one sweep, this one included. The others start while this one prepares the work. */
export class WorkerPool {
  readonly size: number;
  readonly #threads: readonly SweepThread[];

  constructor(size: number) {
    this.size = size;
    this.#threads = Array.from({ length: size - 1 }, () => idle.pop() ?? startThread());
  }

  /** @param breathe - awaited between pieces of this thread; throws to stop all */
  async run(job: SweepJob, loadClass: LoadClass, breathe: () => Promise<void> | undefined): Promise<void> {
    const id = jobCount++;
    // Another thread has no way to a class that stands in no file.
    const helpers = job.kind === "broker" && job.file === undefined ? [] : this.#threads;
    const watch = watchThreads(
      helpers.map(({ worker }) => worker),
      id,
    );
    try {
      for (const { thread } of helpers) thread.ask({ id, job } satisfies JobMessage);
      await Promise.race([workOn(job, loadClass, breathe).then(() => allDone(job)), watch.failed]);
    } finally {
      stopJob(job);
      watch.end();
    }
  }

  close(): void {
    idle.push(...this.#threads);
  }
}

function startThread(): SweepThread {
  const worker = new Worker(new URL("./sweep-worker.ts", import.meta.url), {
    name: "qmtl-sweep",
    // What a thread allocates dies young: room for more only costs memory.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  const started = { worker, thread: new Thread(worker) };
  // A thread that died is of no use to the next sweep.
  worker.once("exit", () => {
    const place = idle.indexOf(started);
    if (place >= 0) idle.splice(place, 1);
  });
  return started;
}

function watchThreads(workers: readonly Worker[], id: number): { readonly failed: Promise<never>; end: () => void } {
  let end = () => {};
  const failed = new Promise<never>((_, reject) => {
    const onMessage = (message: PlainError | typeof rested) => {
      if (message !== rested && message.job === id) reject(revived(message));
    };
    for (const worker of workers) worker.on("message", onMessage).on("error", reject);
    end = () => {
      for (const worker of workers) worker.off("message", onMessage).off("error", reject);
    };
  });
  failed.catch(() => undefined); // also when nobody waits any more
  return { failed, end };
}

function revived({ code, message, details, hint, stack }: PlainError): Error {
  if (code !== undefined && Object.hasOwn(errorCatalog, code)) {
    return new QmtlError(code as ErrorCode, message, {
      details: details as Readonly<Record<string, unknown>>,
      ...(hint !== undefined && { hint }),
    });
  }
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

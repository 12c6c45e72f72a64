import type { Worker } from "node:worker_threads";

/** What a thread says when it has loaded, and again whenever it has nothing more to do. */
export const rested = "rested";

/**
 * A thread that may idle for ever without keeping the process from ending, but for the time it loads or works: a process
 * that ends while a thread evaluates modules is taken down by the runtime, with its results already printed.
 */
export class Thread {
  readonly #worker: Worker;
  #pending = 1; // it loads

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: unknown) => {
      if (message === rested && --this.#pending === 0) worker.unref();
    });
  }

  /** The thread has to answer each with `rested`, whatever becomes of it. */
  ask(message: unknown): void {
    if (this.#pending++ === 0) this.#worker.ref();
    this.#worker.postMessage(message);
  }
}

import { assert, type Clock } from "@qmtl/core";
import type { Logger } from "../logging/index.ts";

/** Something that runs between a start and a stop: a database, a relay, a server. */
export interface ServicePart {
  readonly name: string;
  start?(): Promise<void>;
  /** Called once, also when the start failed. */
  stop?(): Promise<void>;
}

export interface ServiceHostOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long one part may take to stop before the next one is asked. */
  readonly stopMsMax?: number;
}

/**
 * Runs the parts of a process: starts each when it is handed over, and stops them all in reverse. A part that fails to
 * stop, or hangs, does not keep the others up. It listens to no signals: who owns the process does.
 */
export class ServiceHost {
  readonly #options: Required<ServiceHostOptions>;
  readonly #running: ServicePart[] = [];
  #stopping: Promise<void> | undefined;

  constructor({ stopMsMax = 5_000, ...options }: ServiceHostOptions) {
    this.#options = { ...options, stopMsMax };
  }

  /** @throws whatever the part's start throws; the part is stopped with the others all the same */
  async run(part: ServicePart): Promise<void> {
    assert(this.#stopping === undefined, `${part.name} must not start while the others stop`);
    // Remembered first: a start that failed half way may hold something to release.
    this.#running.push(part);
    await part.start?.();
  }

  /** Stops what runs, last started first. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (let part = this.#running.pop(); part !== undefined; part = this.#running.pop()) {
      try {
        if (!(await this.#endsInTime(part))) {
          this.#options.logger.error("part does not stop", { part: part.name, waited_ms: this.#options.stopMsMax });
        }
      } catch (error) {
        this.#options.logger.error("part failed to stop", { part: part.name, error });
      }
    }
  }

  async #endsInTime(part: ServicePart): Promise<boolean> {
    let cancel = (): void => {};
    const deadline = new Promise<false>((resolve) => {
      cancel = this.#options.clock.after(this.#options.stopMsMax, () => resolve(false));
    });
    const stopped = (part.stop?.() ?? Promise.resolve()).then(() => true as const);
    try {
      return await Promise.race([stopped, deadline]);
    } finally {
      cancel();
    }
  }
}

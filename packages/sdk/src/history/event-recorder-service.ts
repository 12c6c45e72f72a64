import type { EventRecorder, RecordedEvent } from "./types.ts";

/**
 * Hands events to a recorder without holding up the stream. Failures are kept for `flush`, so that none is lost
 * unseen. Without a recorder it does nothing.
 */
export class EventRecorderService {
  readonly recorder: EventRecorder | undefined;
  readonly #pending = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];

  constructor(recorder?: EventRecorder) {
    this.recorder = recorder;
  }

  record(event: RecordedEvent): void {
    if (this.recorder === undefined) return;
    const written = this.recorder
      .persist(event)
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => this.#pending.delete(written));
    this.#pending.add(written);
  }

  /** Waits until everything recorded so far is written. @throws AggregateError of what failed since the last call */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
    const failures = this.#failures.splice(0);
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} events could not be recorded`);
  }
}

import { QmtlError } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import { keyText } from "./memory-history-backend.ts";
import { SingleFlight } from "./single-flight.ts";
import type { HistoryRequest } from "./types.ts";

export interface BackfillSource {
  fetch(request: HistoryRequest): Promise<Frame>;
  /** False while the source cannot answer yet; asked before each new try. */
  ready?(): Promise<boolean>;
}

export interface BackfillOptions {
  /** Tries after the first. Default 3. */
  readonly retriesMax?: number;
  /** Wait before the first new try; doubles each time. Default 50 ms. */
  readonly retryDelayMs?: number;
  /** How often `ready` is asked before a try counts as failed. Default 20. */
  readonly readyChecksMax?: number;
  /** Waits; given from outside, so that tests do not. */
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Loads the past of many streams at once, with a bounded number of tries. Jobs of one stream run one after the other.
 */
export class BackfillEngine {
  readonly #source: BackfillSource;
  readonly #options: Required<BackfillOptions>;
  readonly #flights = new SingleFlight();
  readonly #jobs: Promise<void>[] = [];

  constructor(source: BackfillSource, options: BackfillOptions) {
    this.#source = source;
    this.#options = { retriesMax: 3, retryDelayMs: 50, readyChecksMax: 20, ...options };
  }

  /** Schedules one range; `deliver` gets its rows. Failures come out of `wait`. */
  submit(request: HistoryRequest, deliver: (frame: Frame) => void): void {
    const job = this.#flights.run(keyText(request), async () => deliver(await this.#fetch(request)));
    job.catch(() => {}); // heard in `wait`
    this.#jobs.push(job);
  }

  /** Waits for every job. @throws QmtlError `DATA_MISSING` naming stream, range and cause; several: AggregateError */
  async wait(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#jobs.splice(0));
    const failures = outcomes
      .filter((outcome) => outcome.status === "rejected")
      .map((outcome): unknown => outcome.reason);
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, `${failures.length} streams could not be loaded`);
  }

  async #fetch(request: HistoryRequest): Promise<Frame> {
    const { retriesMax, retryDelayMs, sleep } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#source.fetch(request);
      } catch (cause) {
        if (attempt >= retriesMax) {
          const problem = cause instanceof Error ? cause.message : String(cause);
          const range = `${new Date(request.start).toISOString()} to ${new Date(request.end).toISOString()}`;
          throw new QmtlError(
            "DATA_MISSING",
            `no history of ${request.nodeId} from ${range} after ${attempt + 1} tries: ${problem}`,
            { details: { nodeId: request.nodeId, start: request.start, end: request.end, tries: attempt + 1 }, cause },
          );
        }
        await sleep(retryDelayMs * 2 ** attempt);
        await this.#untilReady();
      }
    }
  }

  async #untilReady(): Promise<void> {
    const { readyChecksMax, retryDelayMs, sleep } = this.#options;
    for (let check = 0; check < readyChecksMax && (await this.#source.ready?.()) === false; check++) {
      await sleep(retryDelayMs);
    }
  }
}

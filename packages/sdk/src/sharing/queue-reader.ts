import { QmtlError, sleep, type Clock, type EpochMs } from "@qmtl/core";
import type { NodeExchange, SharedNodeAddress } from "./node-exchange.ts";
import { decodeRow } from "./row-payload.ts";

export interface QueueReaderOptions {
  readonly exchange: NodeExchange;
  readonly clock: Clock;
  readonly address: Pick<SharedNodeAddress, "topic" | "key">;
  readonly fields: readonly string[];
  /** First bucket that is wanted. */
  readonly fromMs: EpochMs;
  onRow(bucketMs: EpochMs, values: Float64Array): void;
}

/**
 * Rows of a node that another process computes, in order of their buckets, each once. Records under a token older than
 * one that was seen come from a writer that has lost its right, and are dropped.
 */
export class QueueReader {
  readonly #options: QueueReaderOptions;
  readonly #stop = new AbortController();
  #nextMs: EpochMs;
  #token = 0;

  constructor(options: QueueReaderOptions) {
    this.#options = options;
    this.#nextMs = options.fromMs;
    void this.#run();
  }

  close(): void {
    this.#stop.abort(new QmtlError("CANCELLED", "the reader was closed"));
  }

  async #run(): Promise<void> {
    const { exchange, clock, address } = this.#options;
    const { signal } = this.#stop;
    let offset = 0;
    for (let attempt = 0; !signal.aborted;) {
      try {
        const { records, nextOffset } = await exchange.read(address.topic, offset, recordsPerRead, 1_000, signal);
        if (signal.aborted) return;
        offset = nextOffset;
        attempt = 0;
        for (const { key, bucketMs, token, payload } of records) {
          if (key === address.key) this.#take(bucketMs, token, payload);
        }
      } catch {
        await sleep(clock, Math.min(2_000, 50 * 2 ** Math.min(attempt++, 6)), signal).catch(() => undefined);
      }
    }
  }

  #take(bucketMs: EpochMs, token: number, payload: unknown): void {
    if (token < this.#token) return;
    this.#token = token;
    if (bucketMs < this.#nextMs) return;
    this.#nextMs = bucketMs + 1;
    this.#options.onRow(bucketMs, decodeRow(payload, this.#options.fields));
  }
}

const recordsPerRead = 500;

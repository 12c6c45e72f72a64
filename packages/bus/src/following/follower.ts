import { sleep, type Clock } from "@qmtl/core";
import type { Subscription } from "../control/index.ts";
import { pauseMs, type Retry } from "./retry.ts";

/** A durable position that several followers may compete for. */
export interface Place {
  /** Takes the place or keeps it, and answers its position; `undefined` while another follower has it. */
  take(): Promise<number | undefined>;
  /** @throws QmtlError `LEASE_LOST` when another follower has it now */
  moveTo(position: number): Promise<void>;
  leave(): Promise<void>;
  /** How often to ask for a place another follower has, and to keep one's own. */
  readonly pollMs: number;
}

export interface FollowerOptions<Item> {
  readonly clock: Clock;
  readonly retry: Retry;
  readonly position: number;
  /** Absent: the position lives as long as the subscription. */
  readonly place?: Place;
  read(fromOffset: number): Promise<readonly Item[]>;
  /** Handles items from the first on and answers how many are done. It ends soon after `signal` is aborted. */
  handle(items: readonly Item[], signal: AbortSignal): Promise<number>;
  /** Calls back when there may be something to read. */
  watch(changed: () => void): () => void;
  /** Told of everything that failed and will be tried again. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Follows a log: reads what is there, hands it on, moves its position, waits for more. Whatever fails is tried again for
 * ever, with pauses: a subscription only ends when it is closed.
 */
export class Follower<Item extends { readonly offset: number }> implements Subscription {
  readonly #options: FollowerOptions<Item>;
  readonly #closing = new AbortController();
  readonly #unwatch: () => void;
  readonly #running: Promise<void>;
  #position: number;
  #news = true;
  #wake: () => void = () => {};

  constructor(options: FollowerOptions<Item>) {
    this.#options = options;
    this.#position = options.position;
    this.#unwatch = options.watch(() => {
      this.#news = true;
      this.#wake();
    });
    this.#running = this.#run();
  }

  get position(): number {
    return this.#position;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#unwatch();
    this.#wake();
    await this.#running;
    // A place that cannot be given back is free when its lease has run out.
    await this.#options.place?.leave().catch(this.#options.onFailure);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      try {
        this.#news = false;
        if (!(await this.#step())) await this.#untilNews();
        failures = 0;
      } catch (error) {
        this.#options.onFailure(error);
        failures++;
        await sleep(this.#options.clock, pauseMs(this.#options.retry, failures), this.#closing.signal).catch(() => {});
      }
    }
  }

  // One reading; answers whether it led to anything.
  async #step(): Promise<boolean> {
    const { place } = this.#options;
    if (place !== undefined) {
      const position = await place.take();
      if (position === undefined) return false;
      this.#position = position;
    }
    const items = await this.#options.read(this.#position);
    if (items.length === 0 || this.#closing.signal.aborted) return false;
    const done = await this.#options.handle(items, this.#closing.signal);
    if (done > 0) {
      this.#position = items[done - 1]!.offset + 1;
      await place?.moveTo(this.#position);
    }
    return true;
  }

  async #untilNews(): Promise<void> {
    if (this.#news || this.#closing.signal.aborted) return;
    const news = Promise.withResolvers<void>();
    this.#wake = news.resolve;
    const { place, clock } = this.#options;
    // Nobody calls when another follower gives up a place, so that is asked for.
    const cancel = place === undefined ? undefined : clock.after(place.pollMs, news.resolve);
    await news.promise;
    cancel?.();
  }
}

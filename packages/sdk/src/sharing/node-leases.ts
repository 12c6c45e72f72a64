import { QmtlError, type Clock } from "@qmtl/core";
import type { NodeExchange, SharedNodeAddress } from "./node-exchange.ts";

interface Held {
  readonly token: number;
  /** On our monotonic clock, counted from the moment it was asked for. */
  endsAtMs: number;
}

/**
 * The rights of this process to compute shared nodes. Each is renewed at a third of its life and counts from the moment
 * it was asked for; one that has run out is gone, whatever an answer says later.
 */
export class NodeLeases {
  readonly #exchange: NodeExchange;
  readonly #clock: Clock;
  readonly #holder: string;
  readonly #ttlMs: number;
  readonly #onLost: (address: SharedNodeAddress) => void;
  readonly #held = new Map<SharedNodeAddress, Held>();
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(
    exchange: NodeExchange,
    clock: Clock,
    options: { readonly holder: string; readonly ttlMs: number; onLost(address: SharedNodeAddress): void },
  ) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#holder = options.holder;
    this.#ttlMs = options.ttlMs;
    this.#onLost = (address) => options.onLost(address);
    this.#schedule();
  }

  /** The token under which this process may write the node's rows; undefined when it may not. */
  tokenOf(address: SharedNodeAddress): number | undefined {
    const held = this.#held.get(address);
    return held !== undefined && this.#clock.monotonicMs() < held.endsAtMs ? held.token : undefined;
  }

  /** @returns false when another process computes the node */
  async acquire(address: SharedNodeAddress): Promise<boolean> {
    if (this.tokenOf(address) !== undefined) return true;
    const askedMs = this.#clock.monotonicMs();
    const answer = await this.#exchange.lease(address.key, this.#holder, this.#ttlMs);
    if (!answer.granted || this.#closed) return false;
    this.#held.set(address, { token: answer.token, endsAtMs: askedMs + answer.expiresInMs });
    return true;
  }

  /** Gives back the rights to everything but these nodes. */
  async releaseOthers(keep: ReadonlySet<SharedNodeAddress>): Promise<void> {
    const others = [...this.#held].filter(([address]) => !keep.has(address));
    for (const [address] of others) this.#held.delete(address);
    await Promise.allSettled(
      others.map(([address, { token }]) => this.#exchange.release(address.key, this.#holder, token)),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.releaseOthers(new Set());
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(this.#ttlMs / 3, () => {
      void Promise.all([...this.#held.keys()].map((address) => this.#renew(address))).then(() => {
        if (!this.#closed) this.#schedule();
      });
    });
  }

  async #renew(address: SharedNodeAddress): Promise<void> {
    const held = this.#held.get(address);
    if (held === undefined) return;
    const askedMs = this.#clock.monotonicMs();
    try {
      const answer = await this.#exchange.lease(address.key, this.#holder, this.#ttlMs, held.token);
      if (this.#held.get(address) !== held) return;
      if (answer.granted) {
        held.endsAtMs = askedMs + answer.expiresInMs;
        return;
      }
      this.#lose(address);
    } catch (error) {
      if (this.#held.get(address) !== held) return;
      // Without an answer the right lasts as long as it was given for, and not longer.
      const lost = error instanceof QmtlError && error.code === "LEASE_LOST";
      if (lost || this.#clock.monotonicMs() >= held.endsAtMs) this.#lose(address);
    }
  }

  #lose(address: SharedNodeAddress): void {
    this.#held.delete(address);
    if (!this.#closed) this.#onLost(address);
  }
}

import { QmtlError, type Clock } from "@qmtl/core";
import type { LeaseAnswer, Leases } from "./leases.ts";

interface Held {
  readonly token: number;
  readonly holder: string | undefined;
  readonly expiresMs: number; // on the monotonic clock
}

/** Leases of one process. */
export class MemoryLeases implements Leases {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async acquire(resource: string, holder: string, ttlMs: number): Promise<LeaseAnswer> {
    const nowMs = this.#clock.monotonicMs();
    const found = this.#held.get(resource);
    if (found?.holder !== undefined && found.holder !== holder && found.expiresMs > nowMs) {
      return { kind: "held", by: found.holder, expiresInMs: found.expiresMs - nowMs };
    }
    const token = (found?.token ?? 0) + 1;
    this.#held.set(resource, { token, holder, expiresMs: nowMs + ttlMs });
    return { kind: "granted", token, expiresInMs: ttlMs };
  }

  async renew(resource: string, token: number, ttlMs: number): Promise<{ readonly expiresInMs: number }> {
    const nowMs = this.#clock.monotonicMs();
    const found = this.#held.get(resource);
    if (found?.holder === undefined || found.token !== token || found.expiresMs <= nowMs) {
      throw new QmtlError("LEASE_LOST", `the lease ${token} on "${resource}" has run out or was taken over`, {
        details: { resource, token },
        hint: "stop writing under that token and acquire the lease again",
      });
    }
    this.#held.set(resource, { ...found, expiresMs: nowMs + ttlMs });
    return { expiresInMs: ttlMs };
  }

  async release(resource: string, token: number): Promise<void> {
    const found = this.#held.get(resource);
    if (found?.token === token) this.#held.set(resource, { token, holder: undefined, expiresMs: 0 });
  }

  async close(): Promise<void> {}
}

import { QmtlError, sha256Hex, type Clock, type Ids } from "@qmtl/core";
import type { EventClaims } from "./event-tokens.ts";

/** The longest a ticket may wait to be used. */
export const ticketMsMax = 30_000;

const ticketCountMax = 100_000;

interface Waiting {
  readonly claims: EventClaims;
  /** By the monotonic clock. */
  readonly endsAtMs: number;
}

/**
 * Opaque passes for the URL of a stream, where a token would end up in logs: good once, for half a minute, for the
 * claims they were made for. Only their hashes are kept.
 */
export class Tickets {
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: { clock: Clock; ids: Ids }) {
    this.#clock = options.clock;
    this.#ids = options.ids;
  }

  /** @throws QmtlError `SERVICE_OVERLOADED` when too many wait */
  issue(claims: EventClaims, ttlMs = ticketMsMax): { readonly ticket: string; readonly expiresInMs: number } {
    const nowMs = this.#clock.monotonicMs();
    this.#dropEnded(nowMs);
    if (this.#waiting.size >= ticketCountMax) {
      throw new QmtlError("SERVICE_OVERLOADED", `${ticketCountMax} tickets wait to be used`, {
        details: { retry_after_ms: 1_000 },
      });
    }
    // Two random UUIDs: 244 bits nobody guesses.
    const ticket = `${this.#ids.next()}${this.#ids.next()}`.replaceAll("-", "");
    const expiresInMs = Math.min(ttlMs, ticketMsMax);
    this.#waiting.set(sha256Hex(ticket), { claims, endsAtMs: nowMs + expiresInMs });
    return { ticket, expiresInMs };
  }

  /**
   * The claims behind a ticket, which is used up by asking.
   *
   * @throws QmtlError `TOKEN_INVALID`
   */
  redeem(ticket: string): EventClaims {
    const key = sha256Hex(ticket);
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (waiting !== undefined && waiting.endsAtMs > this.#clock.monotonicMs()) return waiting.claims;
    throw new QmtlError("TOKEN_INVALID", "the ticket is unknown, used or older than it may be", {
      hint: "ask for a new one at POST /events/subscribe",
    });
  }

  // Tickets are nearly in order of their end, so the ended ones stand at the front.
  #dropEnded(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.#waiting) {
      if (endsAtMs > nowMs) return;
      this.#waiting.delete(key);
    }
  }
}

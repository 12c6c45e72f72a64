import { nearestWord, QmtlError, shown, type EpochMs, type JsonValue } from "@qmtl/core";
import { SessionClock, usEquityHours, type MarketHours, type Session } from "./market-hours.ts";

export interface TimingOptions {
  /** Default: US equities. */
  readonly hours?: MarketHours;
  readonly allowPreMarket?: boolean;
  readonly allowPostMarket?: boolean;
  /** Bounds of an estimated delay. Default 50 and 500 ms. */
  readonly delayMsMin?: number;
  readonly delayMsMax?: number;
}

export interface TimingVerdict {
  readonly valid: boolean;
  readonly session: Session;
  /** In words; empty when valid. */
  readonly reason: string;
}

const hourMs = 3_600_000;

/** Says whether an order may be sent at an instant, and when it next may. */
export class TimingController {
  readonly clock: SessionClock;
  /** Everything that changes an answer about sessions, as JSON. */
  readonly params: JsonValue;
  readonly #allowed: ReadonlySet<Session>;
  readonly #delayMs: readonly [number, number];

  /** @throws QmtlError `PARAMETER_INVALID`, `TIME_INVALID` */
  constructor(options: TimingOptions = {}) {
    const known = ["hours", "allowPreMarket", "allowPostMarket", "delayMsMin", "delayMsMax"];
    for (const key of Object.keys(options)) {
      if (known.includes(key)) continue;
      const guess = nearestWord(key, known);
      throw new QmtlError("PARAMETER_INVALID", `timing has no option "${key}"; it has ${known.join(", ")}`, {
        ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
      });
    }
    const { hours = usEquityHours, allowPreMarket = false, allowPostMarket = false } = options;
    const { delayMsMin = 50, delayMsMax = 500 } = options;
    if (!(delayMsMin >= 0 && delayMsMin <= delayMsMax && delayMsMax < Infinity)) {
      throw new QmtlError(
        "PARAMETER_INVALID",
        `0 <= delayMsMin <= delayMsMax must hold; found ${shown(delayMsMin)} and ${shown(delayMsMax)}`,
      );
    }
    this.clock = new SessionClock(hours);
    this.#delayMs = [delayMsMin, delayMsMax];
    const allowed = new Set<Session>(["regular"]);
    if (allowPreMarket) allowed.add("pre_market");
    if (allowPostMarket) allowed.add("post_market");
    this.#allowed = allowed;
    this.params = { hours: structuredClone(hours) as unknown as JsonValue, allowed: [...allowed].sort() };
  }

  validateTiming(timeMs: EpochMs): TimingVerdict {
    const session = this.clock.sessionAt(timeMs);
    if (this.#allowed.has(session)) return { valid: true, session, reason: "" };
    return { valid: false, session, reason: refusals[session] };
  }

  /** First instant from `timeMs` on at which an order may be sent; null when there is none within `withinMs` (default 24 h). */
  nextValidTime(timeMs: EpochMs, withinMs: number = 24 * hourMs): EpochMs | null {
    return this.clock.nextIn((session) => this.#allowed.has(session), timeMs, withinMs);
  }

  /**
   * Milliseconds an order of `size` units takes to reach the market: `base`, plus 100 before the open and 150 after the
   * close, plus 50 above 1,000 units and 200 above 10,000, within the bounds.
   */
  executionDelayMs(size: number, session: Session, baseMs: number = this.#delayMs[0]): number {
    const extra = session === "pre_market" ? 100 : session === "post_market" ? 150 : 0;
    const sized = Math.abs(size) > 10_000 ? 200 : Math.abs(size) > 1_000 ? 50 : 0;
    const [min, max] = this.#delayMs;
    return Math.min(max, Math.max(min, baseMs + extra + sized));
  }
}

const refusals: Readonly<Record<Session, string>> = {
  closed: "the market is closed",
  lunch: "the market is at lunch",
  pre_market: "pre-market trading is not allowed",
  post_market: "post-market trading is not allowed",
  regular: "regular trading is not allowed",
};

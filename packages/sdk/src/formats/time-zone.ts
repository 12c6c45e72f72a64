import { QmtlError, shown } from "@qmtl/core";

const dayMs = 86_400_000;

export interface ZonedInstant {
  readonly utcMs: number;
  /** "repeated": the wall time occurs twice; "skipped": a clock change left it out. */
  readonly kind: "plain" | "repeated" | "skipped";
}

/**
 * Wall-clock times of one IANA zone, from the rules that the runtime carries (`Intl`). Offsets are looked up once
 * per UTC day, so that a million rows cost a few hundred look-ups.
 */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #days = new Map<number, { readonly before: number; readonly after: number; readonly changeMs: number }>();

  /** @throws QmtlError `TIME_INVALID` for a zone the runtime does not know */
  constructor(name: string) {
    this.name = name;
    try {
      this.#format = new Intl.DateTimeFormat("en-US", {
        timeZone: name,
        calendar: "gregory",
        numberingSystem: "latn",
        hourCycle: "h23",
        era: "short",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch (cause) {
      throw new QmtlError("TIME_INVALID", `time zone must be an IANA name; found ${shown(name)}`, {
        hint: 'write for example "America/New_York", "Asia/Seoul" or "UTC"',
        cause,
      });
    }
  }

  /** Wall clock minus UTC, in ms, at an instant. */
  offsetAt(utcMs: number): number {
    const day = Math.floor(utcMs / dayMs);
    let known = this.#days.get(day);
    if (known === undefined) {
      known = this.#readDay(day);
      this.#days.set(day, known);
    }
    return utcMs < known.changeMs ? known.before : known.after;
  }

  /**
   * The instant of a wall time (given as if it were UTC). A repeated time is its first occurrence, unless
   * `previousUtcMs` is already at or past that; a skipped one is moved forward by the length of the gap.
   */
  toUtc(wallMs: number, previousUtcMs = Number.NEGATIVE_INFINITY): ZonedInstant {
    const before = this.offsetAt(wallMs - dayMs);
    const after = this.offsetAt(wallMs + dayMs);
    if (before === after) return { utcMs: wallMs - before, kind: "plain" };
    const first = wallMs - before;
    const second = wallMs - after;
    const firstIsReal = this.offsetAt(first) === before;
    const secondIsReal = this.offsetAt(second) === after;
    if (firstIsReal && secondIsReal) {
      return { utcMs: previousUtcMs >= first ? second : first, kind: "repeated" };
    }
    if (firstIsReal) return { utcMs: first, kind: "plain" };
    if (secondIsReal) return { utcMs: second, kind: "plain" };
    return { utcMs: first, kind: "skipped" };
  }

  #readDay(day: number): { readonly before: number; readonly after: number; readonly changeMs: number } {
    let low = day * dayMs;
    let high = low + dayMs;
    const before = this.#ask(low);
    const after = this.#ask(high);
    if (before === after) return { before, after, changeMs: Number.NEGATIVE_INFINITY };
    while (high - low > 1_000) {
      const middle = Math.floor((low + high) / 2_000) * 1_000;
      if (this.#ask(middle) === before) low = middle;
      else high = middle;
    }
    return { before, after, changeMs: high };
  }

  #ask(utcMs: number): number {
    const seconds = Math.floor(utcMs / 1_000) * 1_000;
    const part: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(seconds)) part[type] = value;
    const year = part["era"] === "BC" ? 1 - Number(part["year"]) : Number(part["year"]);
    const wall = Date.UTC(
      year,
      Number(part["month"]) - 1,
      Number(part["day"]),
      Number(part["hour"]),
      Number(part["minute"]),
      Number(part["second"]),
    );
    return wall - seconds;
  }
}

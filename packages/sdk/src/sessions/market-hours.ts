import { nearestWord, QmtlError, shown, type EpochMs, type JsonValue } from "@qmtl/core";
import { isTradingDay, tradingCalendars, usEquitySession, type TradingCalendar } from "../data-quality/index.ts";
import { TimeZone } from "../formats/index.ts";

const dayMs = 86_400_000;
const minuteMs = 60_000;

/**
 * When a market trades, as data. Times of day are wall-clock "HH:MM" in `timeZone`, with its daylight saving;
 * a session is half-open: its start belongs to it, its end does not.
 */
export interface MarketHours {
  /** IANA name: "America/New_York". */
  readonly timeZone: string;
  readonly regularStart: string;
  readonly regularEnd: string;
  /** Default: `regularStart`, so no session before it. */
  readonly preMarketStart?: string;
  /** Default: `regularEnd`. */
  readonly postMarketEnd?: string;
  readonly lunchStart?: string;
  readonly lunchEnd?: string;
  /** Days it trades on: with the holidays and early closes of US equities, or Monday to Friday (default), or always. */
  readonly calendar?: TradingCalendar;
  /** Further days without trading: "2024-03-29". */
  readonly holidays?: readonly string[];
  /** Ends of the regular session by day: `{ "2024-11-29": "13:00" }`. Nothing follows it that day. */
  readonly earlyCloses?: Readonly<Record<string, string>>;
}

export type Session = "closed" | "pre_market" | "regular" | "lunch" | "post_market";

/** Regular, pre- and post-market hours of US equities, with their holidays and early closes from 1990 to 2035. */
export const usEquityHours: MarketHours = {
  timeZone: "America/New_York",
  preMarketStart: "04:00",
  regularStart: "09:30",
  regularEnd: "16:00",
  postMarketEnd: "20:00",
  calendar: "us_equity",
};

/** A stretch of one kind, `[startMs, endMs)`. */
export interface SessionSpan {
  readonly session: Exclude<Session, "closed">;
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
}

/** Answers which session an instant falls into. */
export class SessionClock {
  readonly hours: MarketHours;
  readonly #zone: TimeZone;
  readonly #minutes: Readonly<Record<"pre" | "open" | "close" | "post", number>>;
  readonly #lunch: readonly [number, number] | undefined;
  readonly #holidays: ReadonlySet<string>;
  readonly #earlyCloses: ReadonlyMap<string, number>;
  readonly #days = new Map<number, readonly SessionSpan[]>();

  /** @throws QmtlError `PARAMETER_INVALID`, `TIME_INVALID` */
  constructor(hours: MarketHours) {
    this.hours = checkedHours(hours);
    this.#zone = new TimeZone(hours.timeZone);
    const open = minuteOf("regularStart", hours.regularStart);
    const close = minuteOf("regularEnd", hours.regularEnd);
    const pre = hours.preMarketStart === undefined ? open : minuteOf("preMarketStart", hours.preMarketStart);
    const post = hours.postMarketEnd === undefined ? close : minuteOf("postMarketEnd", hours.postMarketEnd);
    this.#minutes = { pre, open, close, post };
    this.#lunch = lunchOf(hours);
    const marks = [pre, open, ...(this.#lunch ?? []), close, post];
    const names = "preMarketStart <= regularStart < (lunchStart < lunchEnd) < regularEnd <= postMarketEnd";
    if (open >= close || marks.some((mark, index) => index > 0 && mark < marks[index - 1]!)) {
      throw new QmtlError("PARAMETER_INVALID", `market hours must be in order: ${names}`, {
        details: { hours: structuredClone(hours) },
        hint: "a session that spans midnight is two markets: give each its own hours",
      });
    }
    this.#holidays = new Set((hours.holidays ?? []).map((day) => checkedDay("holidays", day)));
    this.#earlyCloses = new Map(
      Object.entries(hours.earlyCloses ?? {}).map(([day, time]) => [
        checkedDay("earlyCloses", day),
        minuteOf(`earlyCloses["${day}"]`, time),
      ]),
    );
  }

  sessionAt(timeMs: EpochMs): Session {
    return (
      this.spansOf(this.#dayAt(timeMs)).find((span) => timeMs >= span.startMs && timeMs < span.endMs)?.session ??
      "closed"
    );
  }

  /** First instant at or after `timeMs` and before `timeMs + withinMs` in a session that `accepts`; null when there is none. */
  nextIn(accepts: (session: Session) => boolean, timeMs: EpochMs, withinMs: number): EpochMs | null {
    const limitMs = timeMs + withinMs;
    for (let day = this.#dayAt(timeMs); day - dayMs < limitMs; day += dayMs) {
      for (const { session, startMs, endMs } of this.spansOf(day)) {
        if (endMs <= timeMs || !accepts(session)) continue;
        const found = Math.max(timeMs, startMs);
        return found < limitMs ? found : null;
      }
    }
    return null;
  }

  /** Sessions of the local day whose midnight, read as UTC, is `dayStartMs`; in order of time. */
  spansOf(dayStartMs: number): readonly SessionSpan[] {
    let spans = this.#days.get(dayStartMs);
    if (spans === undefined) this.#days.set(dayStartMs, (spans = this.#readDay(dayStartMs)));
    return spans;
  }

  #dayAt(timeMs: EpochMs): number {
    return Math.floor((timeMs + this.#zone.offsetAt(timeMs)) / dayMs) * dayMs;
  }

  #readDay(dayStartMs: number): readonly SessionSpan[] {
    const date = new Date(dayStartMs).toISOString().slice(0, 10);
    const { calendar = "weekdays" } = this.hours;
    if (this.#holidays.has(date) || !isTradingDay(calendar, dayStartMs)) return [];
    const { pre, open, close, post } = this.#minutes;
    const early = this.#earlyCloses.get(date) ?? this.#ruledEarlyClose(calendar, dayStartMs);
    const end = early !== undefined && early < close ? early : close;
    const marks: [SessionSpan["session"], number, number][] = [["pre_market", pre, Math.min(open, end)]];
    if (this.#lunch) {
      const [from, to] = this.#lunch;
      marks.push(["regular", open, Math.min(from, end)], ["lunch", from, Math.min(to, end)], ["regular", to, end]);
    } else marks.push(["regular", open, end]);
    marks.push(["post_market", close, end < close ? close : post]);
    return marks.flatMap(([session, from, to]) =>
      from < to ? [{ session, startMs: this.#utc(dayStartMs, from), endMs: this.#utc(dayStartMs, to) }] : [],
    );
  }

  #ruledEarlyClose(calendar: TradingCalendar, dayStartMs: number): number | undefined {
    if (calendar !== "us_equity") return undefined;
    const { closeMs } = usEquitySession(dayStartMs);
    return (closeMs + this.#zone.offsetAt(closeMs) - dayStartMs) / minuteMs;
  }

  #utc(dayStartMs: number, minute: number): EpochMs {
    return this.#zone.toUtc(dayStartMs + minute * minuteMs).utcMs;
  }
}

const hourFields = [
  "timeZone",
  "regularStart",
  "regularEnd",
  "preMarketStart",
  "postMarketEnd",
  "lunchStart",
  "lunchEnd",
  "calendar",
  "holidays",
  "earlyCloses",
];

function checkedHours(hours: MarketHours): MarketHours {
  for (const key of Object.keys(hours)) {
    if (hourFields.includes(key)) continue;
    const guess = nearestWord(key, hourFields);
    throw new QmtlError(
      "PARAMETER_INVALID",
      `market hours have no field "${key}"; they have ${hourFields.join(", ")}`,
      {
        ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
      },
    );
  }
  if (hours.calendar !== undefined && !tradingCalendars.includes(hours.calendar)) {
    throw new QmtlError(
      "PARAMETER_INVALID",
      `calendar must be one of ${tradingCalendars.join(", ")}; found ${shown(hours.calendar)}`,
    );
  }
  return structuredClone(hours);
}

function lunchOf({ lunchStart, lunchEnd }: MarketHours): readonly [number, number] | undefined {
  if ((lunchStart === undefined) !== (lunchEnd === undefined)) {
    throw new QmtlError("PARAMETER_INVALID", "lunchStart and lunchEnd go together; found only one of them");
  }
  if (lunchStart === undefined || lunchEnd === undefined) return undefined;
  return [minuteOf("lunchStart", lunchStart), minuteOf("lunchEnd", lunchEnd)];
}

function minuteOf(field: string, time: JsonValue): number {
  const match = typeof time === "string" ? /^([01]\d|2[0-4]):([0-5]\d)$/.exec(time) : null;
  const minute = match ? Number(match[1]) * 60 + Number(match[2]) : Number.NaN;
  if (minute <= 1_440) return minute;
  throw new QmtlError(
    "PARAMETER_INVALID",
    `${field} must be a time of day "HH:MM" up to "24:00"; found ${shown(time)}`,
  );
}

function checkedDay(field: string, day: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(day) : Number.NaN;
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(day)) return day;
  throw new QmtlError("PARAMETER_INVALID", `${field} must name days as "YYYY-MM-DD"; found ${shown(day)}`);
}

import type { EpochMs } from "@qmtl/core";
import type { Instrument } from "./instrument.ts";

export type Calendar = Instrument["calendar"];

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/**
 * Start of the first session that starts at or after `timeMs`. "24x7" and "weekdays" have one session per UTC day;
 * "us_equity" has the regular session 09:30 to 16:00 New York time, without the full-day holidays the exchange
 * observes by rule (early closes and one-off closures are not known here).
 */
export function sessionStartAtOrAfter(calendar: Calendar, timeMs: EpochMs): EpochMs {
  for (let day = localDay(calendar, timeMs); ; day++) {
    if (!isTradingDay(calendar, day)) continue;
    const start = calendar === "us_equity" ? newYorkToUtc(day, 9.5 * hourMs) : day * dayMs;
    if (start >= timeMs) return start;
  }
}

/** End of the first session that ends after `timeMs`. */
export function sessionEndAfter(calendar: Calendar, timeMs: EpochMs): EpochMs {
  for (let day = localDay(calendar, timeMs); ; day++) {
    if (!isTradingDay(calendar, day)) continue;
    const end = calendar === "us_equity" ? newYorkToUtc(day, 16 * hourMs) : (day + 1) * dayMs;
    if (end > timeMs) return end;
  }
}

/** Start of the calendar day that lies `days` trading days after the one of `timeMs`; UTC midnight of that day. */
export function tradingDaysLater(calendar: Calendar, timeMs: EpochMs, days: number): EpochMs {
  let day = localDay(calendar, timeMs);
  for (let left = days; left > 0;) {
    day++;
    if (isTradingDay(calendar, day)) left--;
  }
  return day * dayMs;
}

/** `day` counts days since 1970-01-01. */
export function isTradingDay(calendar: Calendar, day: number): boolean {
  if (calendar === "24x7") return true;
  const weekday = weekdayOf(day);
  if (weekday === 0 || weekday === 6) return false;
  return calendar === "weekdays" || !isUsHoliday(day, weekday);
}

function localDay(calendar: Calendar, timeMs: EpochMs): number {
  return Math.floor((timeMs - (calendar === "us_equity" ? 5 * hourMs : 0)) / dayMs);
}

function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7; // 1970-01-01 was a Thursday; 0 is Sunday
}

// New York is 4 hours behind UTC in summer time, else 5. The switch falls on a Sunday night, outside any session, so
// the day decides. Second Sunday of March to first Sunday of November since 2007; before, first of April to last of October.
function newYorkToUtc(day: number, timeOfDayMs: number): EpochMs {
  const year = new Date(day * dayMs).getUTCFullYear();
  const summer =
    year >= 2007
      ? day >= nthWeekday(year, 2, 0, 2) && day < nthWeekday(year, 10, 0, 1)
      : day >= nthWeekday(year, 3, 0, 1) && day < lastWeekday(year, 9, 0);
  return day * dayMs + timeOfDayMs + (summer ? 4 : 5) * hourMs;
}

// NYSE rule 7.2: a holiday on Sunday moves to Monday, on Saturday to Friday, except when New Year falls on a Saturday.
function isUsHoliday(day: number, weekday: number): boolean {
  const date = new Date(day * dayMs);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  if (fixedHoliday(date, weekday, 0, 1)) return true;
  if (fixedHoliday(date, weekday, 6, 4) || fixedHoliday(date, weekday, 11, 25)) return true;
  if (year >= 2022 && fixedHoliday(date, weekday, 5, 19)) return true;
  if (month === 0 && year >= 1998) return day === nthWeekday(year, 0, 1, 3); // Martin Luther King Jr. Day
  if (month === 1) return day === nthWeekday(year, 1, 1, 3); // Washington's Birthday
  if (month === 4) return day === lastWeekday(year, 4, 1); // Memorial Day
  if (month === 8) return day === nthWeekday(year, 8, 1, 1); // Labor Day
  if (month === 10) return day === nthWeekday(year, 10, 4, 4); // Thanksgiving
  return day === easterSunday(year) - 2; // Good Friday
}

function fixedHoliday(date: Date, weekday: number, month: number, dayOfMonth: number): boolean {
  const at = date.getUTCDate();
  if (date.getUTCMonth() !== month) return false;
  if (at === dayOfMonth) return true;
  if (weekday === 1 && at === dayOfMonth + 1) return true;
  return weekday === 5 && at === dayOfMonth - 1; // never true for 1 January: no day 0 in the month
}

function nthWeekday(year: number, month: number, weekday: number, n: number): number {
  const first = Date.UTC(year, month, 1) / dayMs;
  return first + ((weekday - weekdayOf(first) + 7) % 7) + (n - 1) * 7;
}

function lastWeekday(year: number, month: number, weekday: number): number {
  const last = Date.UTC(year, month + 1, 0) / dayMs;
  return last - ((weekdayOf(last) - weekday + 7) % 7);
}

/** Gregorian Easter, the anonymous algorithm (Meeus, Astronomical Algorithms, chapter 8). */
function easterSunday(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const e = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - d - (c % 4)) % 7;
  const f = d + e - 7 * Math.floor((a + 11 * d + 22 * e) / 451) + 114;
  return Date.UTC(year, Math.floor(f / 31) - 1, (f % 31) + 1) / dayMs;
}

import type { IntervalMs } from "@qmtl/core";
import { dayOf, isTradingDay, type TradingCalendar } from "./calendar.ts";
import { firstAt } from "./settle.ts";
import { isUsHoliday, usEquityYears } from "./us-equity.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/**
 * The step that most rows follow: the most frequent difference between neighbours, when at least half of all steps
 * have it.
 *
 * @param times strictly increasing
 * @returns undefined when there is no such step, or fewer than two rows
 */
export function inferInterval(times: Float64Array): IntervalMs | undefined {
  // A majority is found in one pass (Boyer and Moore 1981) and confirmed in a second.
  let candidate = 0;
  let votes = 0;
  for (let index = 1; index < times.length; index++) {
    const step = times[index]! - times[index - 1]!;
    if (votes === 0) candidate = step;
    votes += step === candidate ? 1 : -1;
  }
  let followed = 0;
  for (let index = 1; index < times.length; index++) {
    if (times[index]! - times[index - 1]! === candidate) followed++;
  }
  return candidate > 0 && followed * 2 >= times.length - 1 ? candidate : undefined;
}

/** A calendar that was worked out from the rows, and why, for people. */
export interface CalendarGuess {
  readonly calendar: TradingCalendar;
  readonly reason: string;
}

/**
 * The calendar that the rows show: trading at weekends is around the clock; daily rows that leave out weekends and
 * hardly anything but US market holidays are US equities; other rows that leave out weekends are weekdays.
 */
export function inferCalendar(times: Float64Array, intervalMs: IntervalMs): CalendarGuess {
  if (intervalMs > dayMs) return { calendar: "24x7", reason: "every bucket is expected" };
  const saturdays = rowsOnSaturdays(times);
  const first = times[0]!;
  const last = times[times.length - 1]!;
  const hasWeekend = last - first >= 7 * dayMs || new Date(last).getUTCDay() < new Date(first).getUTCDay();
  if (saturdays * 20 > times.length) return { calendar: "24x7", reason: "rows at weekends" };
  if (!hasWeekend) {
    const breaks = intervalMs < dayMs && sessionBreakMs(times, intervalMs) !== undefined;
    return breaks
      ? { calendar: "weekdays", reason: "rows in daily sessions" }
      : { calendar: "24x7", reason: "no weekend in the data" };
  }
  if (intervalMs < dayMs) return { calendar: "weekdays", reason: "no rows at weekends" };
  return looksLikeUsEquity(times)
    ? { calendar: "us_equity", reason: "no rows at weekends and US market holidays" }
    : { calendar: "weekdays", reason: "no rows at weekends" };
}

// Day by day, not row by row: a year of minutes has half a million rows, and one weekday for 1,440 of them.
function rowsOnSaturdays(times: Float64Array): number {
  let saturdays = 0;
  for (let index = 0; index < times.length;) {
    const day = dayOf(times[index]!);
    const end = Math.max(index + 1, firstAt(times, day + dayMs)); // a time without end has no next day
    if (new Date(day).getUTCDay() === 6) saturdays += end - index;
    index = end;
  }
  return saturdays;
}

/**
 * The usual pause between sessions: the lower quartile (nights, not weekends) of pauses over two hours, when there is about one a day; undefined
 * for data around the clock.
 */
export function sessionBreakMs(times: Float64Array, intervalMs: IntervalMs): number | undefined {
  const breaks: number[] = [];
  let days = 1;
  for (let index = 1; index < times.length; index++) {
    const step = times[index]! - times[index - 1]!;
    if (step > Math.max(2 * hourMs, 2 * intervalMs)) breaks.push(step);
    if (dayOf(times[index]!) !== dayOf(times[index - 1]!)) days++;
  }
  if (breaks.length === 0 || breaks.length * 2 < days - 1 || days < 2) return undefined;
  breaks.sort((a, b) => a - b);
  return breaks[(breaks.length - 1) >> 2];
}

function looksLikeUsEquity(times: Float64Array): boolean {
  const present = new Set(times);
  let missing = 0;
  let holidays = 0;
  const from = Math.max(dayOf(times[0]!), Date.UTC(usEquityYears.first, 0, 1));
  const to = Math.min(times[times.length - 1]!, Date.UTC(usEquityYears.last, 11, 31));
  for (let day = from; day <= to; day += dayMs) {
    if (!isTradingDay("weekdays", day)) continue;
    if (present.has(day)) {
      if (isUsHoliday(day)) return false;
      continue;
    }
    missing++;
    if (isUsHoliday(day)) holidays++;
  }
  return missing > 0 && holidays * 5 >= missing * 4;
}

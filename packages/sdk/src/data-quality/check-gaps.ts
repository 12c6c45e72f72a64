import { formatInstant, type IntervalMs } from "@qmtl/core";
import type { FileRows } from "../formats/index.ts";
import { dayOf, knowsHolidays, tradingBuckets, tradingDays, type TradingCalendar } from "./calendar.ts";
import type { FindingList } from "./finding.ts";
import { sessionBreakMs } from "./infer.ts";

const dayMs = 86_400_000;
const holidayDaysMax = 5;

export interface GapSummary {
  readonly missingBuckets: number;
  readonly longestGapMs: number;
}

/**
 * Looks for buckets that should have a row. A few weekdays without rows may be a holiday when the calendar was only
 * inferred, or does not know that year: a warning. Sessions shorter than a day are told by the pauses that recur.
 *
 * @param rows sorted, without duplicates, on the grid
 */
export function checkGaps(
  rows: FileRows,
  intervalMs: IntervalMs,
  calendar: TradingCalendar,
  isInferred: boolean,
  findings: FindingList,
): GapSummary {
  const { time, length } = rows;
  const pauseMs = calendar === "weekdays" && intervalMs < dayMs ? sessionBreakMs(time, intervalMs) : undefined;
  let missingBuckets = 0;
  let longestGapMs = 0;
  for (let index = 1; index < length; index++) {
    const before = time[index - 1]!;
    const from = before + intervalMs;
    const to = time[index]!;
    if (to === from) continue;
    const missing = missingBetween(calendar, from, to, intervalMs, pauseMs, rows);
    if (missing === 0) continue;
    missingBuckets += missing;
    longestGapMs = Math.max(longestGapMs, to - from);
    const mayBeHoliday =
      intervalMs <= dayMs &&
      calendar !== "24x7" &&
      (isInferred || calendar === "us_equity") &&
      !(knowsHolidays(calendar, dayOf(from)) && knowsHolidays(calendar, dayOf(to))) &&
      isWholeDays(from, to, intervalMs, pauseMs) &&
      tradingDays("weekdays", dayOf(from + (intervalMs < dayMs ? dayMs : 0)), dayOf(to)) <= holidayDaysMax;
    const found = `nothing for ${missing} bucket${missing === 1 ? "" : "s"} from ${shortTime(from)} to ${shortTime(to)}`;
    findings.add(
      mayBeHoliday ? "possible-holiday" : "gap",
      { row: rows.rowNumber(index), timeMs: to, column: null, found },
      missing,
    );
  }
  return { missingBuckets, longestGapMs };
}

function missingBetween(
  calendar: TradingCalendar,
  from: number,
  to: number,
  intervalMs: IntervalMs,
  pauseMs: number | undefined,
  rows: FileRows,
): number {
  if (pauseMs === undefined) return tradingBuckets(calendar, from, to, intervalMs);
  const gap = to - from + intervalMs;
  if (gap < pauseMs / 2) return Math.round((to - from) / intervalMs);
  // A pause between sessions: only weekdays skipped whole are missing, each with as many rows as a usual day has.
  const skipped = tradingDays("weekdays", dayOf(from) + dayMs, dayOf(to));
  const days = tradingDays("weekdays", dayOf(rows.time[0]!), rows.time[rows.length - 1]! + 1);
  return skipped === 0 ? 0 : skipped * Math.max(1, Math.round(rows.length / Math.max(1, days)));
}

function isWholeDays(from: number, to: number, intervalMs: IntervalMs, pauseMs: number | undefined): boolean {
  return intervalMs === dayMs || (pauseMs !== undefined && to - from >= pauseMs);
}

function shortTime(timeMs: number): string {
  return formatInstant(timeMs).replace(/(T00:00:00)?\.000Z$/, (_, midnight) => (midnight === undefined ? "Z" : ""));
}

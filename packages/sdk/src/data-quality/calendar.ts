import type { IntervalMs } from "@qmtl/core";
import { isUsEquityDay, usEquitySession, usEquityYears } from "./us-equity.ts";

const dayMs = 86_400_000;

/** When an instrument trades; decides which buckets a stream has to have. */
export type TradingCalendar = "24x7" | "weekdays" | "us_equity";

export const tradingCalendars: readonly TradingCalendar[] = ["24x7", "weekdays", "us_equity"];

/** True when the day that starts at `dayStartMs` (UTC midnight of its date) is one on which the instrument trades. */
export function isTradingDay(calendar: TradingCalendar, dayStartMs: number): boolean {
  if (calendar === "24x7") return true;
  if (calendar === "us_equity") return isUsEquityDay(dayStartMs);
  const weekday = new Date(dayStartMs).getUTCDay();
  return weekday !== 0 && weekday !== 6;
}

/** False for dates whose holidays the calendar does not know. */
export function knowsHolidays(calendar: TradingCalendar, dayStartMs: number): boolean {
  if (calendar !== "us_equity") return calendar === "24x7";
  const year = new Date(dayStartMs).getUTCFullYear();
  return year >= usEquityYears.first && year <= usEquityYears.last;
}

/**
 * Buckets within `[fromMs, toMs)` in which the instrument trades. Intervals of a day and more: buckets that hold a
 * trading day. Shorter ones: buckets that start inside a session; `us_equity` has regular sessions only, `weekdays`
 * the whole of Monday to Friday in UTC.
 */
export function tradingBuckets(
  calendar: TradingCalendar,
  fromMs: number,
  toMs: number,
  intervalMs: IntervalMs,
): number {
  if (toMs <= fromMs) return 0;
  if (calendar === "24x7") return Math.ceil((toMs - fromMs) / intervalMs);
  let count = 0;
  if (intervalMs >= dayMs) {
    for (let bucket = fromMs; bucket < toMs; bucket += intervalMs) {
      if (tradingDays(calendar, dayOf(bucket), bucket + intervalMs, 1) > 0) count++;
    }
    return count;
  }
  for (let day = dayOf(fromMs); day < toMs; day += dayMs) {
    if (!isTradingDay(calendar, day)) continue;
    const { openMs, closeMs } = calendar === "us_equity" ? usEquitySession(day) : { openMs: day, closeMs: day + dayMs };
    const first = Math.max(fromMs, Math.floor(openMs / intervalMs) * intervalMs);
    const end = Math.min(toMs, closeMs);
    if (end > first) count += Math.ceil((end - first) / intervalMs);
  }
  return count;
}

/** Trading days that start in `[fromDayMs, toMs)`; stops at `limit`. */
export function tradingDays(calendar: TradingCalendar, fromDayMs: number, toMs: number, limit = Infinity): number {
  let count = 0;
  for (let day = fromDayMs; day < toMs && count < limit; day += dayMs) if (isTradingDay(calendar, day)) count++;
  return count;
}

export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / dayMs) * dayMs;
}

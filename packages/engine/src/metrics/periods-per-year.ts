import type { IntervalMs } from "@qmtl/core";
import type { Instrument } from "../instrument/index.ts";

export type TradingCalendar = Instrument["calendar"];
export type ReturnsBasis = "1d" | "bar";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const sessionMs: Readonly<Record<TradingCalendar, number>> = {
  "24x7": dayMs,
  weekdays: dayMs,
  us_equity: 6.5 * hourMs,
};

/**
 * How many returns make a year. Days: 365 on a calendar without closing days, 252 on `weekdays` and `us_equity`.
 * Bars shorter than a day: those days times the bars of a session (24 h; 6.5 h for `us_equity`). Bars longer than
 * a day cannot give daily returns: 365 days / interval, on any calendar.
 */
export function periodsPerYear(calendar: TradingCalendar, basis: ReturnsBasis, intervalMs: IntervalMs): number {
  if (intervalMs > dayMs) return (365 * dayMs) / intervalMs;
  const days = calendar === "24x7" ? 365 : 252;
  if (basis === "1d" || intervalMs === dayMs) return days;
  return (days * sessionMs[calendar]) / intervalMs;
}

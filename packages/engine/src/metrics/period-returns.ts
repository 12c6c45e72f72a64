import type { EpochMs } from "@qmtl/core";

export interface PeriodClose {
  /** Close time of the period's last bar. */
  readonly closeMs: EpochMs;
  /** Row of that bar. */
  readonly index: number;
}

export interface MonthlyReturn {
  readonly year: number;
  readonly month: number; // 1..12
  /** Row of the month's last bar. */
  readonly index: number;
  readonly endEquity: number;
  /** Against the last equity of the month before; null when that was not positive. */
  readonly return: number | null;
}

const dayMs = 86_400_000;

/** Last bar of every UTC day in which a bar closed; a close at midnight belongs to the day it ends. */
export function dailyCloses(times: Float64Array): PeriodClose[] {
  return lastOfPeriods(times, (closeMs) => Math.ceil(closeMs / dayMs) * dayMs);
}

/** Returns of UTC months, oldest first; a close at midnight belongs to the month it ends. */
export function monthlyReturns(times: Float64Array, equity: Float64Array, startEquity: number): MonthlyReturn[] {
  let before = startEquity;
  return lastOfPeriods(times, monthEnd).map(({ closeMs, index }) => {
    const day = new Date(closeMs - 1);
    const endEquity = equity[index]!;
    const value = before > 0 ? endEquity / before - 1 : null;
    before = endEquity;
    return { year: day.getUTCFullYear(), month: day.getUTCMonth() + 1, index, endEquity, return: value };
  });
}

function monthEnd(closeMs: EpochMs): EpochMs {
  const day = new Date(closeMs - 1);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1);
}

function lastOfPeriods(times: Float64Array, periodEnd: (closeMs: EpochMs) => EpochMs): PeriodClose[] {
  const closes: PeriodClose[] = [];
  let end = times.length > 0 ? periodEnd(times[0]!) : 0;
  for (let i = 1; i < times.length; i++) {
    if (times[i]! <= end) continue;
    closes.push({ closeMs: times[i - 1]!, index: i - 1 });
    end = periodEnd(times[i]!);
  }
  if (times.length > 0) closes.push({ closeMs: times.at(-1)!, index: times.length - 1 });
  return closes;
}

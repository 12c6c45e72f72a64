import { frameHistory, type HistoryProvider } from "qmtl";
import { randomBars } from "qmtl/generators";

export interface RandomMarketOptions {
  /** Equal seeds give equal bars, on every machine. */
  readonly seed: number;
  readonly years: number;
}

const dayMs = 86_400_000;
const monday = Date.UTC(2010, 0, 4);

/** Daily bars of a random walk with the drift and volatility of a stock index, on weekdays from 2010 on. */
export function randomMarket({ seed, years }: RandomMarketOptions): HistoryProvider {
  const rows = Math.round(years * 261);
  const walk = { drift: 0.07, volatility: 0.18, periodsPerYear: 261, startPrice: 1_000, meanVolume: 2_000_000 };
  const bars = randomBars({ ...walk, rows, seed, intervalMs: dayMs });
  return frameHistory({ ...bars, time: weekdays(rows) });
}

function weekdays(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, day) => monday + (Math.floor(day / 5) * 7 + (day % 5)) * dayMs);
}

import { nearestWord, QmtlError, shown } from "@qmtl/core";
import type { PerformanceMetrics } from "@qmtl/engine/metrics";

/** What fills alone tell. Always computed. */
export const fillMetrics = ["totalReturn", "cagr", "feesPaid", "trades", "winRate", "profitFactor"] as const;
/** What needs the equity at every bar. Computed when the sweep ranks by one of them, or is asked for all. */
const equityMetrics = ["volatility", "sharpe", "sortino", "calmar", "maxDrawdown"] as const;
export const sweepMetrics = [...fillMetrics, ...equityMetrics] as const;

/** Names and definitions are those of `PerformanceMetrics`; NaN where those say null. */
export type SweepMetric = (typeof sweepMetrics)[number];

const lowerIsBetter: ReadonlySet<SweepMetric> = new Set(["maxDrawdown", "volatility", "feesPaid"]);

/** +1 where more is better, -1 where less is. */
export function directionOf(metric: SweepMetric): 1 | -1 {
  return lowerIsBetter.has(metric) ? -1 : 1;
}

export function needsEquity(metric: SweepMetric): boolean {
  return (equityMetrics as readonly string[]).includes(metric);
}

/** @throws QmtlError `PARAMETER_INVALID` with the closest name */
export function readMetric(name: string): SweepMetric {
  if ((sweepMetrics as readonly string[]).includes(name)) return name as SweepMetric;
  const guess = nearestWord(name, sweepMetrics);
  throw new QmtlError("PARAMETER_INVALID", `a sweep has no metric ${shown(name)}; it has ${sweepMetrics.join(", ")}`, {
    ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
  });
}

export function metricsOf(figures: PerformanceMetrics, names: readonly SweepMetric[]): readonly number[] {
  return names.map((name) => figures[name] ?? Number.NaN);
}

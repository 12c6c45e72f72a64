import type { PerformanceMetrics } from "@qmtl/engine/metrics";
import type { RunResult } from "@qmtl/engine/result";
import { figureByName } from "./figures.ts";
import { pageKit } from "./page-kit.ts";

export interface SummaryFigure {
  readonly name: keyof PerformanceMetrics;
  readonly label: string;
  /** As the report writes it: "12.3%", "1.05"; a dash where it is not defined. */
  readonly text: string;
}

const summaryNames: readonly (keyof PerformanceMetrics)[] = [
  "startMs",
  "endMs",
  "bars",
  "endEquity",
  "totalReturn",
  "buyAndHoldReturn",
  "cagr",
  "sharpe",
  "maxDrawdown",
  "trades",
  "winRate",
  "profitFactor",
  "exposure",
  "feesPaid",
];

/** What a run came to, in a dozen figures, written as in the report. */
export function summaryFigures({ metrics }: RunResult): readonly SummaryFigure[] {
  const { formatFigure } = pageKit();
  return summaryNames.map((name) => {
    const { label, kind } = figureByName.get(name)!;
    const isDay = kind === "instant" && metrics.bars > 0;
    const text = isDay ? dayText(metrics[name] as number, name === "endMs") : formatFigure(metrics[name], kind);
    return { name, label, text };
  });
}

/** `summaryFigures` as lines for a terminal, with warnings and, when nothing was traded, the reasons. */
export function runSummary(result: RunResult): string {
  const figures = summaryFigures(result);
  const labelWidth = Math.max(...figures.map(({ label }) => label.length));
  const textWidth = Math.max(...figures.map(({ text }) => text.length));
  const rows = figures.map(({ label, text }) => `${label.padEnd(labelWidth)}  ${text.padStart(textWidth)}`);
  return [result.strategy, ...rows, ...remarks(result)].join("\n");
}

/** Warnings and reasons for having no trade, one line each. */
export function remarks(result: RunResult): readonly string[] {
  return [
    ...result.zeroTradeReasons.map((reason) => `no trades: ${reason}`),
    ...result.warnings.map(({ message }) => `note: ${message}`),
  ];
}

// A last close at midnight belongs to the day that it ends.
function dayText(timeMs: number, isClose: boolean): string {
  return new Date(isClose ? timeMs - 1 : timeMs).toISOString().slice(0, 10);
}

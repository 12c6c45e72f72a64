import type { PerformanceMetrics } from "@qmtl/engine/metrics";
import type { FigureKind } from "./page-kit.ts";

export interface FigureDefinition {
  readonly name: keyof PerformanceMetrics;
  readonly label: string;
  readonly kind: FigureKind;
  /** One line for readers; the formula stands in the type's docstring. */
  readonly meaning: string;
}

function figure(name: keyof PerformanceMetrics, label: string, kind: FigureKind, meaning: string): FigureDefinition {
  return { name, label, kind, meaning };
}

/** Every figure of a run, grouped as the report shows them. */
export const figureGroups: readonly { readonly title: string; readonly figures: readonly FigureDefinition[] }[] = [
  {
    title: "Return",
    figures: [
      figure("startEquity", "Start equity", "money", "Account value before the first bar"),
      figure("endEquity", "End equity", "money", "Account value at the last close, open positions marked"),
      figure("totalReturn", "Total return", "percent", "End equity / start equity − 1"),
      figure("buyAndHoldReturn", "Buy-and-hold", "percent", "Last price / first price − 1, before costs"),
      figure("cagr", "CAGR", "percent", "Compound growth per year of 365.25 days"),
    ],
  },
  {
    title: "Risk",
    figures: [
      figure("volatility", "Volatility", "percent", "Sample deviation of returns, annualised"),
      figure("maxDrawdown", "Max drawdown", "percent", "Deepest fall from a peak, over every bar"),
      figure("maxDrawdownMs", "Longest drawdown", "duration", "Longest time from a peak until it was reached again"),
      figure("valueAtRisk95", "VaR 95 %", "percent", "Loss exceeded in 5 % of the periods, historical, interpolated"),
      figure("conditionalValueAtRisk95", "CVaR 95 %", "percent", "Mean loss in the worst 5 % of the periods"),
    ],
  },
  {
    title: "Return for risk",
    figures: [
      figure("sharpe", "Sharpe ratio", "ratio", "Mean / sample deviation of returns, annualised; risk-free rate 0"),
      figure("sortino", "Sortino ratio", "ratio", "Mean / downside deviation over all periods, annualised; target 0"),
      figure("calmar", "Calmar ratio", "ratio", "CAGR / max drawdown"),
      figure(
        "probabilisticSharpe",
        "Probabilistic Sharpe",
        "percent",
        "Probability that the true Sharpe ratio is above 0",
      ),
      figure(
        "deflatedSharpe",
        "Deflated Sharpe",
        "percent",
        "The same, against the best that as many trials give by chance",
      ),
    ],
  },
  {
    title: "Trades",
    figures: [
      figure("trades", "Closed trades", "count", "Round trips from flat to flat; the figures below are over these"),
      figure("openTrades", "Open trades", "count", "Still held at the end"),
      figure("winRate", "Win rate", "percent", "Share of trades with a gain after fees"),
      figure("profitFactor", "Profit factor", "ratio", "Sum of gains / sum of losses; not defined without a loss"),
      figure("averageTrade", "Average trade", "percent", "Mean of P&L / entry notional"),
      figure("bestTrade", "Best trade", "percent", "Highest P&L / entry notional"),
      figure("worstTrade", "Worst trade", "percent", "Lowest P&L / entry notional"),
      figure("expectancy", "Expectancy", "money", "Mean P&L of a trade"),
      figure("sqn", "SQN", "ratio", "√trades × mean P&L / sample deviation of P&L"),
      figure("kelly", "Kelly fraction", "percent", "Win rate − (1 − win rate) / (mean gain / mean loss)"),
    ],
  },
  {
    title: "Activity and cost",
    figures: [
      figure("exposure", "Exposure", "percent", "Share of bars with a position at the close"),
      figure("turnover", "Turnover", "ratio", "Traded notional / mean equity"),
      figure("feesPaid", "Fees paid", "money", "Sum over all fills"),
    ],
  },
  {
    title: "Basis",
    figures: [
      figure("startMs", "From", "instant", "Start of the first bar, UTC"),
      figure("endMs", "To", "instant", "Close of the last bar, UTC"),
      figure("bars", "Bars", "count", "Close times at which equity was marked"),
      figure("returnsBasis", "Returns", "text", "1d: between the last closes of UTC days; bar: of every bar"),
      figure("periodsPerYear", "Periods a year", "quantity", "What returns are annualised with, from the calendar"),
    ],
  },
];

/** How a close time is written: daily bars and longer are known by the day they end on. */
export function closeTimeKind(intervalMs: number | null): "instant" | "lastDay" {
  return intervalMs !== null && intervalMs >= 86_400_000 ? "lastDay" : "instant";
}

/** What a reader sees first. */
export const keyFigures: readonly (keyof PerformanceMetrics)[] = [
  "totalReturn",
  "buyAndHoldReturn",
  "cagr",
  "sharpe",
  "maxDrawdown",
  "volatility",
  "trades",
  "winRate",
  "profitFactor",
  "exposure",
];

export const figureByName: ReadonlyMap<keyof PerformanceMetrics, FigureDefinition> = new Map(
  figureGroups.flatMap((group) => group.figures.map((definition) => [definition.name, definition])),
);

/** Columns of the table of trades: what of `tradeColumns` is shown, and how. */
export const tradeFigures: readonly { readonly name: string; readonly label: string; readonly kind: FigureKind }[] = [
  { name: "id", label: "#", kind: "count" },
  { name: "instrument", label: "Instrument", kind: "text" },
  { name: "direction", label: "Side", kind: "text" },
  { name: "entryMs", label: "Entry", kind: "instant" },
  { name: "entryPrice", label: "Entry price", kind: "price" },
  { name: "exitMs", label: "Exit", kind: "instant" },
  { name: "exitPrice", label: "Exit price", kind: "price" },
  { name: "quantity", label: "Quantity", kind: "quantity" },
  { name: "pnl", label: "P&L", kind: "money" },
  { name: "returnFraction", label: "Return", kind: "percent" },
  { name: "fees", label: "Fees", kind: "money" },
  { name: "barsHeld", label: "Bars", kind: "count" },
  { name: "maxFavorable", label: "MFE", kind: "money" },
  { name: "maxAdverse", label: "MAE", kind: "money" },
  { name: "tag", label: "Tag", kind: "text" },
];

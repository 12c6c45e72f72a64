import type { IntervalMs, JsonValue } from "@qmtl/core";
import type { Trade } from "@qmtl/engine/broker";
import type { Instrument } from "@qmtl/engine/instrument";
import { drawdownPeriods, type DrawdownPeriod, type PerformanceMetrics } from "@qmtl/engine/metrics";
import type { DataQuality, NodeSummary, RunResult, RunWarning } from "@qmtl/engine/result";
import { periodRows, type PeriodRow } from "./period-rows.ts";
import type { RunSeries } from "./run-series.ts";

/**
 * Everything a report says, in this order of keys. Markdown and HTML show these values and no others. Numbers are
 * finite or null; fractions, not percent; times are epoch milliseconds, prices in quote currency, money in `currency`.
 * `schema` changes its number when a key changes its name or meaning; new keys may come at any time.
 */
export interface ReportDocument {
  readonly schema: "qmtl.report/1";
  readonly title: string;
  readonly strategy: string;
  readonly strategyId: string;
  readonly currency: string;
  readonly intervalMs: IntervalMs | null; // of the bars
  readonly metrics: PerformanceMetrics;
  readonly instruments: readonly Instrument[];
  /** What "buy-and-hold" holds. */
  readonly benchmark: string;
  readonly orders: { readonly total: number; readonly byStatus: Readonly<Record<string, number>> };
  readonly fills: {
    readonly total: number;
    readonly maker: number;
    readonly taker: number;
    readonly slippage: number;
    readonly intrabarAmbiguous: number;
  };
  readonly rollingSharpe: { readonly windowPeriods: number | null; readonly periodsPerYear: number };
  readonly years: readonly PeriodRow[];
  readonly months: readonly PeriodRow[];
  readonly drawdowns: readonly DrawdownPeriod[];
  readonly trades: { readonly columns: readonly string[]; readonly rows: readonly TradeRow[] };
  readonly nodes: readonly NodeSummary[];
  readonly dataQuality: readonly DataQuality[];
  readonly assumptions: RunResult["assumptions"];
  readonly warnings: readonly RunWarning[];
  readonly zeroTradeReasons: readonly string[];
}

/** Values in the order of `tradeColumns`; fractions rounded to ten significant digits. */
export type TradeRow = readonly (number | string | boolean | null)[];

export const tradeColumns = [
  "id",
  "instrument",
  "direction",
  "entryMs",
  "entryPrice",
  "exitMs",
  "exitPrice",
  "quantity",
  "pnl",
  "returnFraction",
  "fees",
  "barsHeld",
  "maxFavorable",
  "maxAdverse",
  "open",
  "tag",
] as const satisfies readonly (keyof Trade)[];

export function reportDocument(result: RunResult, series: RunSeries, title: string): ReportDocument {
  const { times, equity, metrics, fills, orders } = result;
  const byStatus: Record<string, number> = {};
  for (const { status } of orders) byStatus[status] = (byStatus[status] ?? 0) + 1;
  return {
    schema: "qmtl.report/1",
    title,
    strategy: result.strategy,
    strategyId: result.strategyId,
    currency: result.currency,
    intervalMs: series.intervalMs,
    metrics: metricsInOrder(metrics),
    instruments: result.instruments.map(sortKeys) as unknown as Instrument[],
    benchmark: series.benchmarkLabel,
    orders: { total: orders.length, byStatus: sortKeys(byStatus) as Record<string, number> },
    fills: {
      total: fills.length,
      maker: fills.filter((fill) => fill.liquidity === "maker").length,
      taker: fills.filter((fill) => fill.liquidity === "taker").length,
      slippage: fills.reduce((sum, fill) => sum + fill.slippage, 0),
      intrabarAmbiguous: result.intrabarAmbiguousFills,
    },
    rollingSharpe: { windowPeriods: series.sharpeWindow, periodsPerYear: series.sharpePeriodsPerYear },
    years: periodRows(result, series, "year"),
    months: periodRows(result, series, "month"),
    drawdowns: drawdownPeriods(times, equity, metrics.startEquity, metrics.startMs ?? times[0] ?? 0),
    trades: { columns: tradeColumns, rows: result.trades.map((trade) => tradeRow(trade, result.instruments)) },
    nodes: result.nodes.map(nodeInOrder),
    dataQuality: result.dataQuality.map((quality) => sortKeys(quality)) as unknown as DataQuality[],
    assumptions: result.assumptions.map(({ name, value }) => ({ name, value })),
    warnings: result.warnings.map(warningInOrder),
    zeroTradeReasons: [...result.zeroTradeReasons],
  };
}

function tradeRow(trade: Trade, instruments: readonly Instrument[]): TradeRow {
  return tradeColumns.map((column) => {
    const value = trade[column];
    if (column === "instrument") return instruments[trade.instrument]?.symbol ?? String(value);
    return typeof value === "number" ? rounded(value) : value;
  });
}

// Digits beyond the tenth are noise to a reader and most of the file when there are thousands of trades.
function rounded(value: number): number | null {
  if (Number.isInteger(value)) return value;
  if (!Number.isFinite(value)) return null;
  const exponent = 9 - Math.floor(Math.log10(Math.abs(value)));
  if (exponent < 0 || exponent > 22) return value;
  const scale = 10 ** exponent;
  return Math.round(value * scale) / scale;
}

// The order is that of the type's definition, whatever object the engine built.
const metricNames = [
  "startMs",
  "endMs",
  "bars",
  "periodsPerYear",
  "returnsBasis",
  "startEquity",
  "endEquity",
  "totalReturn",
  "buyAndHoldReturn",
  "cagr",
  "volatility",
  "sharpe",
  "sortino",
  "calmar",
  "maxDrawdown",
  "maxDrawdownMs",
  "valueAtRisk95",
  "conditionalValueAtRisk95",
  "trades",
  "openTrades",
  "winRate",
  "profitFactor",
  "averageTrade",
  "bestTrade",
  "worstTrade",
  "sqn",
  "kelly",
  "expectancy",
  "exposure",
  "turnover",
  "feesPaid",
  "probabilisticSharpe",
  "deflatedSharpe",
] as const satisfies readonly (keyof PerformanceMetrics)[];

function metricsInOrder(metrics: PerformanceMetrics): PerformanceMetrics {
  const ordered = metricNames.map((name) => {
    const value = metrics[name];
    return [name, typeof value === "number" && !Number.isFinite(value) ? null : value];
  });
  return Object.fromEntries(ordered) as unknown as PerformanceMetrics;
}

function nodeInOrder(node: NodeSummary): NodeSummary {
  const { id, name, type, operator, intervalMs, inputs, params, codeHash, rows, firstValueMs } = node;
  return {
    id,
    name,
    type,
    operator,
    intervalMs,
    inputs: [...inputs],
    params: sortKeys(params) as JsonValue,
    codeHash,
    rows,
    firstValueMs,
  };
}

function warningInOrder({ code, message, node, timeMs, count }: RunWarning): RunWarning {
  return {
    code,
    message,
    ...(node !== undefined && { node }),
    ...(timeMs !== undefined && { timeMs }),
    ...(count !== undefined && { count }),
  };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

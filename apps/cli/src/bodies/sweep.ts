import { writeFile } from "node:fs/promises";
import { QmtlError, type JsonValue } from "@qmtl/core";
import type { SweepMetric, SweepResult, SweepRow } from "@qmtl/sdk/sweep";
import { sweep as sweepCommand } from "../commands/strategy-files.ts";
import { renderTable, type CommandContext } from "../shell/index.ts";
import { loadStrategy, optionsOf } from "./strategy-module.ts";

export const command = sweepCommand(async (request, context) => {
  const { grid, where, metric, workers, top, file, out } = request;
  const { parseCondition, sweep } = await import("@qmtl/sdk/sweep");
  const { strategy, backtest } = await loadStrategy(request);
  const conditions = where.map((text) => parseCondition(text, Object.keys(grid)));
  const { data, load, startTime, endTime, broker, returnsBasis, params } = optionsOf(backtest, {
    ...request,
    params: {},
  });
  const result = await context.withProgress("sweep", 100, (report) =>
    sweep(strategy, {
      grid: grid as Readonly<Record<string, readonly JsonValue[]>>,
      metric: metric as SweepMetric, // checked when it is read
      top,
      file,
      signal: context.signal,
      onProgress: (fraction) => report(Math.round(fraction * 100)),
      ...(conditions.length > 0 && { constraint: (each) => conditions.every((condition) => condition(each)) }),
      ...(workers !== undefined && { workers }),
      ...(data !== undefined && { data }),
      ...(load && { load }),
      ...(startTime !== undefined && { startTime }),
      ...(endTime !== undefined && { endTime }),
      ...(broker && { broker }),
      ...(returnsBasis !== undefined && { returnsBasis }),
      ...(params && { params: params as Readonly<Record<string, JsonValue>> }),
    }),
  );
  if (out !== undefined) await writeTable(result, out);
  return { exitCode: 0, json: summaryJson(result, out), text: () => summaryText(result, out, context) };
});

async function writeTable({ table }: SweepResult, file: string): Promise<void> {
  const lines = function* () {
    for (const line of table.csvLines()) yield `${line}\n`;
  };
  try {
    await writeFile(file, lines());
  } catch (cause) {
    throw new QmtlError("FILE_UNWRITABLE", `${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

function summaryJson(result: SweepResult, out: string | undefined): object {
  const { strategy, metric, table, best, bestByInstrument, top, paths, workers, digest, warnings } = result;
  return {
    strategy,
    metric,
    runs: table.length,
    combinations: table.combinations,
    instruments: table.instruments,
    best,
    bestByInstrument,
    top,
    trials: result.trialsForDeflatedSharpe,
    paths,
    workers,
    digest,
    warnings,
    ...(out !== undefined && { out }),
  };
}

async function summaryText(result: SweepResult, out: string | undefined, { palette }: CommandContext): Promise<string> {
  const { table, metric, top, bestByInstrument, warnings, digest } = result;
  const several = table.instruments.length > 1;
  const shown = [metric, ...shownMetrics.filter((each) => each !== metric && table.metrics.includes(each))];
  const columns = [
    ...(several ? [{ title: "instrument" }] : []),
    ...table.parameters.map((title) => ({ title, align: "right" as const })),
    ...shown.map((title) => ({ title, align: "right" as const })),
  ];
  const cells = ({ instrument, params, metrics }: SweepRow) => [
    ...(several ? [instrument] : []),
    ...table.parameters.map((name) => parameterText(params[name]!)),
    ...shown.map((each) => figureText(each, metrics[each] ?? null)),
  ];
  const counts = several ? ` (${table.combinations} combinations on ${table.instruments.length} instruments)` : "";
  const lines = [`${result.strategy}: ${table.length} runs${counts}, ranked by ${metric}`, ""];
  if (top.length === 0) lines.push(`no run has a ${metric}`);
  else lines.push(await renderTable(columns, top.map(cells), palette));
  if (several && bestByInstrument.length > 0) {
    lines.push("", "best of each instrument", await renderTable(columns, bestByInstrument.map(cells), palette));
  }
  lines.push("", ...warnings.map(({ message }) => `${palette.yellow("note")} ${message}`), `digest ${digest}`);
  if (out !== undefined) lines.push(`all runs: ${out}`);
  return lines.join("\n");
}

const shownMetrics: readonly SweepMetric[] = ["totalReturn", "sharpe", "maxDrawdown", "trades", "winRate"];
const fractions: ReadonlySet<SweepMetric> = new Set(["totalReturn", "cagr", "volatility", "maxDrawdown", "winRate"]);

function parameterText(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function figureText(metric: SweepMetric, value: number | null): string {
  if (value === null) return "–";
  if (metric === "trades") return String(value);
  return fractions.has(metric) ? `${(value * 100).toFixed(2)} %` : value.toFixed(3);
}

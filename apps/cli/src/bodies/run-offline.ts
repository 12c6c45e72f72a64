import type { RunResult } from "@qmtl/engine/result";
import type { SdkRunRequest } from "../commands/tools-sdk.ts";
import { renderTable, type CommandContext, type CommandResult } from "../shell/index.ts";
import { loadStrategy, optionsOf } from "./strategy-module.ts";

/** Backtests a strategy, keeps the run, and shows what it came to. */
export async function runOffline(request: SdkRunRequest, context: CommandContext): Promise<CommandResult> {
  const { Runner } = await import("@qmtl/sdk/runner");
  const { writeRun } = await import("@qmtl/sdk/runs");
  const { strategy, backtest } = await loadStrategy(request);
  const options = { ...optionsOf(backtest, request), ...(request.executor && { executor: request.executor }) };
  const result = await context.withProgress("backtest", 100, (report) =>
    context.interruptibly(() =>
      Runner.offline(strategy, {
        ...options,
        signal: context.signal,
        onProgress: (fraction) => report(Math.round(fraction * 100)),
      }),
    ),
  );
  const { out: folder } = request;
  const run = await writeRun(result, { strategyFile: request.file, options, ...(folder !== undefined && { folder }) });
  return {
    exitCode: 0,
    json: { runId: run.runId, folder: run.folder, report: run.reportFile, ...summaryJson(result) },
    text: async () => `${await summaryText(result, context)}\n\nreport: ${run.reportFile}`,
  };
}

export function summaryJson(result: RunResult): object {
  const { strategy, strategyId, currency, metrics, warnings, zeroTradeReasons } = result;
  const counts = { orders: result.orders.length, fills: result.fills.length, trades: result.trades.length };
  return { strategy, strategyId, currency, ...counts, metrics, warnings, zeroTradeReasons };
}

export async function summaryText(result: RunResult, { palette }: CommandContext): Promise<string> {
  const { remarks, summaryFigures } = await import("@qmtl/sdk/report");
  const rows = summaryFigures(result).map(({ label, text }) => [label, text]);
  const table = await renderTable([{ title: result.strategy }, { title: "", align: "right" }], rows, palette);
  return [table, ...remarks(result)].join("\n");
}

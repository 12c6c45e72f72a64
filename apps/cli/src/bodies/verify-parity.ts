import { formatInstant } from "@qmtl/core";
import { verifyParity as verify, type Difference } from "@qmtl/sdk/verify";
import { verifyParity } from "../commands/strategy-files.ts";
import { loadStrategy, optionsOf } from "./strategy-module.ts";

export const command = verifyParity(async (request, context) => {
  const { strategy, backtest } = await loadStrategy(request);
  const report = await context.withProgress("restarting", 100, (done) =>
    verify(strategy, {
      ...optionsOf(backtest, request),
      signal: context.signal,
      onProgress: (fraction) => done(Math.round(fraction * 100)),
    }),
  );
  return {
    exitCode: report.identical ? 0 : 1,
    json: report,
    text: () =>
      [
        `${report.strategy}: ${report.nodes} nodes, ${report.bars} bars, ${report.cuts} restarts`,
        line("stream", report.stream),
        line("restarted stream", report.restarted),
      ].join("\n"),
  };
});

function line(what: string, difference: Difference | null): string {
  if (difference === null) return `batch = ${what}, bit for bit`;
  const { where, field, row, timeMs, expected, found } = difference;
  const place = timeMs === null ? `row ${row}` : formatInstant(timeMs);
  return `batch and ${what} differ first in ${where}${field === null ? "" : `.${field}`} at ${place}: batch ${expected}, ${what} ${found}`;
}

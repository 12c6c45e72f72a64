import { describeLookahead, verifyLookahead as verify } from "@qmtl/sdk/verify";
import { verifyLookahead } from "../commands/strategy-files.ts";
import { loadStrategy, optionsOf } from "./strategy-module.ts";

export const command = verifyLookahead(async (request, context) => {
  const { strategy, backtest } = await loadStrategy(request);
  const report = await context.withProgress("replaying prefixes", 100, (done) =>
    verify(strategy, {
      ...optionsOf(backtest, request),
      signal: context.signal,
      onProgress: (fraction) => done(Math.round(fraction * 100)),
    }),
  );
  return {
    exitCode: report.clean ? 0 : 1,
    json: report,
    text: () =>
      [
        `${report.strategy}: ${report.rows} rows, cut at ${report.cuts} of them`,
        ...(report.clean ? ["no node's past changed when later rows arrived"] : describeLookahead(report)),
        ...report.startSensitive.map(({ node, settledAfterRows, largestRelativeDifference }) => {
          const decay = settledAfterRows === null ? "never settles" : `settles after ${settledAfterRows} rows`;
          return `start matters (no look-ahead): ${node} ${decay}, by up to ${largestRelativeDifference.toPrecision(2)} relative`;
        }),
      ].join("\n"),
  };
});

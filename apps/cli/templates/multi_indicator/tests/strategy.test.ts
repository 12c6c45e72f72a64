import assert from "node:assert/strict";
import { test } from "node:test";
import { Runner, verifyLookahead, verifyParity } from "qmtl";
import { backtest, FilteredTrend } from "../strategy.ts";

test("it trades, and its report would show how", async () => {
  const { trades, metrics } = await Runner.offline(FilteredTrend, backtest);
  assert.ok(trades.length >= 5, `${trades.length} trades`);
  assert.ok(metrics.endEquity > 0 && metrics.feesPaid > 0);
});

test("it gives the same results row by row as over whole columns", async () => {
  const report = await verifyParity(FilteredTrend, { ...backtest, cuts: 10 });
  assert.deepEqual([report.identical, report.stream, report.restarted], [true, null, null]);
});

test("it never looks ahead", async () => {
  const { rewritten } = await verifyLookahead(FilteredTrend, { ...backtest, cuts: 50 });
  assert.deepEqual(rewritten, []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { explainSharing, Runner, verifyLookahead, verifyParity } from "qmtl";
import { backtest, DipsInTrend, QuickTrend, SteadyTrend } from "../strategy.ts";

const strategies = [QuickTrend, SteadyTrend, DipsInTrend];

test("they share what they have in common", () => {
  const shared = explainSharing(strategies).shared.map(({ name, strategies: readers }) => [name, readers.length]);
  assert.deepEqual(shared, [
    ["price", 3],
    ["sma_200", 3],
  ]);
});

test("each trades as it does alone", async () => {
  const together = await Runner.offline(strategies, backtest);
  for (const [index, strategy] of strategies.entries()) {
    const alone = await Runner.offline(strategy, backtest);
    assert.ok(alone.trades.length >= 5, `${alone.strategy}: ${alone.trades.length} trades`);
    assert.deepEqual(together[index]!.trades, alone.trades);
    assert.deepEqual(together[index]!.equity, alone.equity);
  }
});

for (const strategy of strategies) {
  test(`${strategy.name} gives the same results row by row, and never looks ahead`, async () => {
    const report = await verifyParity(strategy, { ...backtest, cuts: 10 });
    assert.deepEqual([report.identical, report.stream, report.restarted], [true, null, null]);
    const { rewritten } = await verifyLookahead(strategy, { ...backtest, cuts: 50 });
    assert.deepEqual(rewritten, []);
  });
}

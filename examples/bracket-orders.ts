// Orders with conditions: a limit below the close, good for a day, with a stop and a profit target of its own.
//
//   node examples/bracket-orders.ts
//
// Inside a bar nobody can tell whether the stop or the target came first. The broker takes the worse of the two unless
// told otherwise (`intrabarPath`), and the run counts how often it mattered.

import { atr, csvHistory, OrderPublishNode, ProcessingNode, Runner, runSummary } from "qmtl";
import { sampleDataPath, sma, Strategy, StreamInput, type OfflineOptions } from "qmtl";

const defaults = { trendBars: 100, rangeBars: 14, stopRanges: 2, targetRanges: 3 };

export class BracketedPullback extends Strategy<typeof defaults> {
  static override readonly defaults = defaults;

  override setup(): void {
    const { trendBars, rangeBars, stopRanges, targetRanges } = this.params;
    const price = new StreamInput({
      name: "price",
      interval: "1d",
      instrument: { symbol: "SP500", tickSize: "0.01", lotSize: "1", calendar: "us_equity" },
      history: csvHistory(sampleDataPath()),
    });
    const trend = sma(price, { period: trendBars, name: "trend" });
    const range = atr(price, { period: rangeBars, name: "range" });
    const order = new ProcessingNode({
      name: "order",
      input: { price, trend, range },
      params: { stopRanges, targetRanges },
      compute: (view, params) => {
        const close = view.of("price").get("close");
        if (close < view.of("trend").value) return undefined;
        const step = view.of("range").value;
        const limit = close - step;
        return {
          side: "BUY",
          type: "limit",
          percent: 0.2, // of equity; what cannot be paid for is cut to what can
          limit_price: limit,
          time_in_force: "DAY",
          stop_loss: limit - params.stopRanges * step,
          take_profit: limit + params.targetRanges * step,
        };
      },
    });
    this.addNodes(price, trend, range, order, new OrderPublishNode(order));
  }
}

export const backtest: OfflineOptions = { broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } } };

if (import.meta.main) {
  const result = await Runner.offline(BracketedPullback, backtest);
  console.log(runSummary(result));
  console.log(`${result.orders.length} orders, ${result.fills.length} fills`);
}

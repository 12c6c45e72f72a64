// One strategy under the fill rules of four libraries: how much of a result is the strategy, how much the assumptions?
//
//   node examples/fill-assumptions.ts

import { crossover, csvHistory, positionTarget, Runner, sampleDataPath, sma, Strategy, StreamInput } from "qmtl";

export class SmaCross extends Strategy {
  override setup(): void {
    const price = new StreamInput({
      name: "price",
      interval: "1d",
      instrument: { symbol: "SP500", calendar: "us_equity" },
      history: csvHistory(sampleDataPath()),
    });
    const [fast, slow] = [sma(price, 20), sma(price, 100)];
    const cross = crossover(fast, slow);
    this.addNodes(price, fast, slow, cross, positionTarget(cross, { instrument: price, long: 0.95, short: 0 }));
  }
}

if (import.meta.main) {
  for (const semantics of ["qmtl", "vectorbt", "backtesting.py", "backtrader"] as const) {
    const { metrics } = await Runner.offline(SmaCross, { broker: { semantics, cash: 100_000 } });
    const [equity, trades] = [metrics.endEquity.toFixed(2), metrics.trades];
    console.log(`${semantics.padEnd(16)} ${equity.padStart(12)} ${String(trades).padStart(4)} trades`);
  }
}

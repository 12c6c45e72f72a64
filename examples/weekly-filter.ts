// Two intervals in one graph: daily entries, allowed only while the weekly trend is up.
//
//   node examples/weekly-filter.ts
//
// A weekly value is readable from the close of its week on, never before: on a Tuesday the strategy sees last week's.

import { csvHistory, ema, positionTarget, ProcessingNode, resample, rsi } from "qmtl";
import { Runner, runSummary, sampleDataPath, Strategy, StreamInput, type OfflineOptions } from "qmtl";

export class WeeklyFilter extends Strategy {
  override setup(): void {
    const price = new StreamInput({
      name: "price",
      interval: "1d",
      instrument: { symbol: "SP500", lotSize: "1", calendar: "us_equity" },
      history: csvHistory(sampleDataPath()),
    });
    const weekly = resample(price, "1w", { name: "weekly" });
    const trend = ema(weekly, { period: 30, name: "weekly_trend" });
    const strength = rsi(price, { period: 5, name: "strength" });
    const signal = new ProcessingNode({
      name: "signal",
      input: { strength, weekly, trend },
      compute: (view) => {
        const rises = view.of("weekly").get("close") > view.of("trend").value;
        if (!rises || view.of("strength").value > 60) return -1;
        return view.of("strength").value < 35 ? 1 : 0;
      },
    });
    this.addNodes(price, weekly, trend, strength, signal);
    this.addNodes(positionTarget(signal, { instrument: price, long: 1, short: 0 }));
  }
}

export const backtest: OfflineOptions = { broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } } };

if (import.meta.main) console.log(runSummary(await Runner.offline(WeeklyFilter, backtest)));

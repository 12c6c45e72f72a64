// Two instruments in one account: always in the one that has done better, half of the money stays aside.
//
//   node examples/rotation.ts
//
// The second instrument is made up, on the days of the first: any source of rows will do as a history.

import { csvHistory, frameHistory, loadFrame, OrderPublishNode, ProcessingNode } from "qmtl";
import { roc, Runner, runSummary, sampleDataPath, Strategy, StreamInput, type OfflineOptions } from "qmtl";
import { randomBars } from "qmtl/generators";

const { frame: index } = await loadFrame(sampleDataPath());
const other = randomBars({ rows: index.length, intervalMs: index.intervalMs, seed: 11, volatility: 0.2, drift: 0.05 });
const histories = { SP500: csvHistory(sampleDataPath()), OTHER: frameHistory({ ...other, time: index.time }) };

export class Rotation extends Strategy {
  override setup(): void {
    const [first, second] = Object.entries(histories).map(([symbol, history]) => {
      const instrument = { symbol, lotSize: "1", calendar: "us_equity" } as const;
      const price = new StreamInput({ name: symbol, interval: "1d", instrument, history });
      return { price, change: roc(price, { period: 126, name: `change_${symbol}` }) };
    });
    const stronger = new ProcessingNode({
      name: "stronger",
      input: { first: first!.change, second: second!.change },
      compute: (view) => (view.of("first").value >= view.of("second").value ? 1 : 2),
    });
    const orders = new ProcessingNode({
      name: "orders",
      input: stronger,
      period: 2,
      // Several orders at once; the sale stands first, so that its money is there for the purchase.
      compute: (view) => {
        const [before, now] = view.column();
        if (before === now) return undefined;
        const [enter, leave] = now === 1 ? ["SP500", "OTHER"] : ["OTHER", "SP500"];
        return [
          { symbol: leave!, target_percent: 0 },
          { symbol: enter!, target_percent: 0.5 },
        ];
      },
    });
    this.addNodes(first!.price, first!.change, second!.price, second!.change, stronger, orders);
    this.addNodes(new OrderPublishNode(orders));
  }
}

export const backtest: OfflineOptions = { broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } } };

if (import.meta.main) console.log(runSummary(await Runner.offline(Rotation, backtest)));

// A user's program, whole: the cross on closes alone. It reads what it uses, as `peers/vectorbt_cross.py` does, runs it,
// reads what the table names, prints it. Imports the package as it is published. Words: file of columns (see
// writeColumns), rows.

import { closeSync, openSync, readSync } from "node:fs";
import { crossover, positionTarget, Runner, sma, Strategy, StreamInput, type Frame } from "qmtl";

class ClosesCross extends Strategy {
  setup(): void {
    const prices = new StreamInput({ interval: "1m", instrument: "TEST", fields: ["open", "high", "low", "close"] });
    const [fast, slow] = [sma(prices, 10), sma(prices, 50)];
    const signal = crossover(fast, slow);
    this.addNodes(prices, fast, slow, signal, positionTarget(signal, { instrument: prices }));
  }
}

const [file = "", rowCount = ""] = process.argv.slice(2);
const { trades, orders, metrics, equity } = await Runner.offline(ClosesCross, {
  data: readCloses(file, Number(rowCount)),
  broker: { semantics: "vectorbt", cash: 100_000, fees: { kind: "percent", rate: 0.000_01 } },
  returnsBasis: "bar",
});
console.log(
  JSON.stringify({
    trades: trades.length,
    orders: orders.length,
    finalEquity: equity.at(-1),
    maxDrawdown: metrics.maxDrawdown,
    sharpe: metrics.sharpe,
    peakMemoryMb: process.resourceUsage().maxRSS / 1_024,
  }),
);

// Where nothing but closes is known, bars stay at them.
function readCloses(path: string, length: number): Frame {
  const descriptor = openSync(path, "r");
  const [time, close] = [0, 4].map((index) => {
    const column = new Float64Array(length);
    readSync(descriptor, column, 0, column.byteLength, index * column.byteLength);
    return column;
  }) as [Float64Array, Float64Array];
  closeSync(descriptor);
  return { intervalMs: 60_000, length, time, columns: { open: close, high: close, low: close, close } };
}

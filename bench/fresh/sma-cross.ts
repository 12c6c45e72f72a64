// A user's program, whole: reads columns, runs the cross, reads what the table names, prints it. Imports the package
// as it is published. Words: file of columns (see writeColumns), rows, "records" to look at every record.

import { readFileSync } from "node:fs";
import { Runner, type Frame } from "qmtl";
import { SmaCross } from "./strategy.ts";

const [file = "", rowCount = "", looksAt = ""] = process.argv.slice(2);
const { trades, orders, fills, metrics, equity } = await Runner.offline(SmaCross, {
  data: readColumns(file, Number(rowCount)),
  broker: { semantics: "vectorbt", cash: 100_000, fees: { kind: "percent", rate: 0.000_01 } },
  returnsBasis: "bar",
});
let quantity = 0;
if (looksAt === "records")
  for (const records of [orders, fills, trades]) for (const each of records) quantity += each.quantity;
console.log(
  JSON.stringify({
    trades: trades.length,
    orders: orders.length,
    fills: fills.length,
    quantity,
    finalEquity: equity.at(-1),
    maxDrawdown: metrics.maxDrawdown,
    sharpe: metrics.sharpe,
    peakMemoryMb: process.resourceUsage().maxRSS / 1_024,
  }),
);

function readColumns(path: string, length: number): Frame {
  const { buffer, byteOffset } = readFileSync(path);
  const column = (index: number) => new Float64Array(buffer, byteOffset + index * length * 8, length);
  const [open, high, low, close, volume] = [1, 2, 3, 4, 5].map(column) as [Column, Column, Column, Column, Column];
  return { intervalMs: 60_000, length, time: column(0), columns: { open, high, low, close, volume } };
}

type Column = Float64Array;

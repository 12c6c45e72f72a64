import { readFileSync } from "node:fs";
import { join } from "node:path";
import { minuteBars, writeColumns } from "../harness/bars.ts";
import { requireNearColumns } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { PeerProcess } from "../harness/peer-process.ts";
import type { Bench, Row } from "../harness/row.ts";
import { inProcess, inTurns, sampleOf } from "../harness/timing.ts";
import {
  computeAndRelease,
  computeColumns,
  measuredOperators,
  pooled,
  type MeasuredOperator,
} from "../rows/operators.ts";

/** Our outputs in the order of TA-Lib's. */
const outputsOf: Readonly<Record<MeasuredOperator["name"], readonly string[]>> = {
  sma: ["value"],
  ema: ["value"],
  rsi: ["value"],
  bollinger_bands: ["upper", "mid", "lower"],
  macd: ["macd", "signal", "histogram"],
  atr: ["value"],
  stochastic_oscillator: ["k", "d"],
  rolling_max: ["value"],
};
const warmUpRows = 100;
/** A call takes a millisecond or two: more of them than of whole runs. */
const [warmUps, calls] = [8, 3] as const;

export const talib: Bench = {
  name: "talib",
  summary: "eight indicators over 1 M values against TA-Lib",
  async run({ rows, rounds }) {
    const folder = temporaryFolder();
    const frame = minuteBars(rows);
    const file = join(folder, "bars.f64");
    writeColumns(file, frame);
    const data = pooled(frame);
    using peer = new PeerProcess("talib_operators", [file, String(rows)]);

    for (const operator of measuredOperators) {
      const path = join(folder, "outputs.f64");
      await peer.call("write", { name: operator.name, path });
      const { buffer, byteOffset } = readFileSync(path);
      const ours = computeColumns(operator, data);
      outputsOf[operator.name].forEach((output, index) => {
        const theirs = new Float64Array(buffer, byteOffset + index * rows * 8, rows);
        // Both subtract prices: what is left has the rounding of the price, not its own.
        const scale = Math.max(...frame.columns["close"]!.subarray(0, 1_000));
        requireNearColumns(`${operator.label} ${output}`, ours[output]!, theirs, { from: warmUpRows, scale });
      });
      for (const column of Object.values(ours)) data.pool.release(column);
    }

    const table: Row[] = [];
    for (const operator of measuredOperators) {
      const times = await inTurns(
        inProcess(() => computeAndRelease(operator, data), warmUps),
        peer.side("run", { name: operator.name }, warmUps),
        calls * rounds,
      );
      table.push({
        workload: `${operator.label} over 1 M values, per element`,
        ours: sampleOf(times.ours, "ns", 1e6 / rows),
        peer: { name: "TA-Lib", ...sampleOf(times.peer, "ns", 1e6 / rows) },
        must: { ratioAtLeast: 0.6 },
      });
    }
    const geometricMean = (values: readonly number[]) =>
      Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
    table.push({
      workload: "all eight, geometric mean per element",
      ours: sampleOf([geometricMean(table.map(({ ours }) => ours.median))], "ns"),
      peer: { name: "TA-Lib", ...sampleOf([geometricMean(table.map((row) => row.peer!.median))], "ns") },
      must: { ratioAtLeast: 1.6 },
    });
    return table;
  },
};

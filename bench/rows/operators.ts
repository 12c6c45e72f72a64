import { operatorRegistry } from "@qmtl/engine/operators";
import { minuteBars } from "../harness/bars.ts";
import { requireSame } from "../harness/equality.ts";
import type { Bench } from "../harness/row.ts";
import { repeated, sampleOf, timeOf } from "../harness/timing.ts";
import type { Frame } from "@qmtl/engine/frame";

/** The eight operators of the table, with the parameters they have in TA-Lib. */
export const measuredOperators = [
  { label: "SMA(20)", name: "sma", params: { period: 20 } },
  { label: "EMA(20)", name: "ema", params: { period: 20 } },
  { label: "RSI(14)", name: "rsi", params: { period: 14 } },
  { label: "Bollinger(20, 2)", name: "bollinger_bands", params: { period: 20 } },
  { label: "MACD(12, 26, 9)", name: "macd", params: { seed: "aligned" } },
  { label: "ATR(14)", name: "atr", params: { period: 14 } },
  { label: "Stochastic(14, 3, 3)", name: "stochastic_oscillator", params: { period: 14 } },
  { label: "rolling max(20)", name: "rolling_max", params: { period: 20 } },
] as const;

export type MeasuredOperator = (typeof measuredOperators)[number];

/** One call over whole columns, its outputs allocated as part of it. In the order of the operator's outputs. */
export function computeColumns(
  { name, params }: MeasuredOperator,
  frame: Frame,
): Readonly<Record<string, Float64Array>> {
  const operator = operatorRegistry.get(name)!;
  const inputs = operator.inputs.map((input) => frame.columns[input === "value" ? "close" : input]!);
  const outputs = operator.outputs.map(() => new Float64Array(frame.length));
  operator.createKernel(operator.resolve(params)).advance(inputs, outputs, 0, frame.length);
  return Object.fromEntries(operator.outputs.map((output, index) => [output, outputs[index]!]));
}

/**
 * Computes and gives the memory of the outputs back at once. The peer's columns are freed when its call returns, too; left
 * to the garbage collector, ours would be in fresh pages each time, and their first touch costs more than the arithmetic.
 */
export function computeAndRelease(operator: MeasuredOperator, frame: Frame): void {
  for (const column of Object.values(computeColumns(operator, frame))) (column.buffer as ArrayBuffer).transfer(0);
}

/** Nanoseconds per element of each operator. All of them run in one process, in turns, as in a real graph. */
export const operators: Bench = {
  name: "operators",
  summary: "eight indicators over 1 M values, ns per element (peers: talib)",
  async run({ rows, rounds }) {
    const frame = minuteBars(rows);
    for (const operator of measuredOperators) {
      const [first, second] = [computeColumns(operator, frame), computeColumns(operator, frame)];
      for (const [output, column] of Object.entries(first)) {
        requireSame(`${operator.label} ${output}, last row of two runs`, column.at(-1), second[output]!.at(-1));
      }
    }
    const times = measuredOperators.map((): number[] => []);
    await repeated(
      {
        time: async () => {
          for (const [index, operator] of measuredOperators.entries()) {
            times[index]!.push(await timeOf(() => computeAndRelease(operator, frame)));
          }
          return 0;
        },
      },
      rounds,
    );
    return measuredOperators.map(({ label }, index) => ({
      workload: `${label}, per element`,
      ours: sampleOf(times[index]!.slice(-rounds), "ns", 1e6 / rows),
    }));
  },
};

import { ColumnPool } from "@qmtl/engine/columns";
import { operatorRegistry } from "@qmtl/engine/operators";
import { applyOperator } from "@qmtl/engine/operators/transforms";
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

/** Columns that operators compute where they stand, as a program has them that computes many. */
export function pooled(frame: Frame): { readonly pool: ColumnPool; readonly columns: Frame["columns"] } {
  const pool = new ColumnPool();
  const columns = Object.entries(frame.columns).map(([field, column]) => [field, pool.copyOf(column)] as const);
  return { pool, columns: { ...Object.fromEntries(columns), value: pool.copyOf(frame.columns["close"]!) } };
}

/** One call over whole columns, its outputs taken from the pool as part of it. */
export function computeColumns(
  { name, params }: MeasuredOperator,
  { pool, columns }: ReturnType<typeof pooled>,
): Readonly<Record<string, Float64Array>> {
  return applyOperator(operatorRegistry.get(name)!, params, columns, pool);
}

/** The same, and gives the outputs back, as the peer's arrays are freed when its call has returned. */
export function computeAndRelease(operator: MeasuredOperator, data: ReturnType<typeof pooled>): void {
  for (const column of Object.values(computeColumns(operator, data))) data.pool.release(column);
}

/** Nanoseconds per element of each operator. All of them run in one process, in turns, as in a real graph. */
export const operators: Bench = {
  name: "operators",
  summary: "eight indicators over 1 M values, ns per element (peers: talib)",
  async run({ rows, rounds }) {
    const data = pooled(minuteBars(rows));
    for (const operator of measuredOperators) {
      const [first, second] = [computeColumns(operator, data), computeColumns(operator, data)];
      for (const [output, column] of Object.entries(first)) {
        requireSame(`${operator.label} ${output}, last row of two runs`, column.at(-1), second[output]!.at(-1));
      }
    }
    const times = measuredOperators.map((): number[] => []);
    await repeated(
      {
        time: async () => {
          for (const [index, operator] of measuredOperators.entries()) {
            times[index]!.push(await timeOf(() => computeAndRelease(operator, data)));
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

import { awkwardColumns, firstDifference, runBatch, type OperatorRun } from "@qmtl/testkit/operators";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ColumnPool, columnMemory } from "../columns/index.ts";
import type { Kernel } from "../operator/index.ts";
import { operatorRegistry } from "./index.ts";
import { vectorUnit } from "./vector/index.ts";

const pool = new ColumnPool();
const rows = 20_000;

/** Operators with a vector form, with periods that make their blocks short, long, too long and odd. */
const measured: readonly (readonly [string, object])[] = [
  ...[3, 5, 20, 21, 200, 513, 600, 2_500].map((period) => ["sma", { period }] as const),
  ...[2, 3, 20, 21, 200, 513, 600].map((period) => ["bollinger_bands", { period }] as const),
  ...[2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 20, 21, 33, 64, 65, 300, 500].flatMap((period) => [
    ["rolling_max", { period }] as const,
    ["rolling_min", { period }] as const,
  ]),
  ["bollinger_bands", { deviation: "sample", multiplier: 1.5 }],
  ["ema", { period: 20 }],
  ["ema", { period: 7, seed: "first", alpha: 0.9 }],
  ["ema", { period: 3, alpha: 1 }],
  ["rsi", {}],
  ["rsi", { period: 2, smoothing: "simple" }],
  ["macd", {}],
  ["macd", { fastPeriod: 3, slowPeriod: 40, signalPeriod: 5, seed: "aligned" }],
  ["atr", {}],
  ["atr", { period: 3, smoothing: "simple" }],
  ...[3, 4, 5, 8, 14, 16, 17, 64, 65].map((period) => ["stochastic_oscillator", { period }] as const),
  ["stochastic_oscillator", { period: 33, smooth: 7, signalPeriod: 3 }],
  ["crossover", {}],
];

describe("columns of a pool", () => {
  it("are computed by vector code here", () => {
    expect(columnMemory()).toBeDefined();
    expect(vectorUnit()).toBeDefined();
  });

  it.each(measured)("%s %j gives the bits it gives elsewhere", (name, given) => {
    const operator = operatorRegistry.get(name)!;
    const params = operator.resolve({ ...given });
    for (const clean of [true, false]) {
      const inputs = awkwardColumns(operator.inputs, rows, 7, { clean });
      // A few absent rows far apart leave whole steps to vector code before and after them.
      if (!clean) for (const column of inputs) for (let row = 6_000; row < rows; row++) column[row] = 100 + (row % 89);
      if (!clean) for (const row of [6_500, 6_501, 12_003]) inputs.at(-1)![row] = Number.NaN;
      const run: OperatorRun = { operator, params, inputs };
      expect(firstDifference(operator, runBatch(run), inPool(run))).toBeUndefined();
      expect(firstDifference(operator, runBatch(run), inPool(run, [1, 77, 5_000, 5_013, 17_000]))).toBeUndefined();
    }
  });
});

it("finds the same crossings where lines touch, part again and are absent", () => {
  const operator = operatorRegistry.get("crossover")!;
  const level = fc.oneof({ weight: 20, arbitrary: fc.constantFrom(1, 2, 3) }, fc.constantFrom(Number.NaN, 0, -0));
  const run = fc.tuple(fc.nat(40), level, level); // so many rows on which the lines stay where they are
  let events = 0;
  fc.assert(
    fc.property(
      fc.array(run, { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(rows), { maxLength: 3 }),
      (runs, cuts) => {
        const line = (which: 1 | 2) =>
          Float64Array.from(runs.flatMap((each) => Array<number>(each[0]).fill(each[which])));
        const inputs = [line(1), line(2)];
        const params = operator.resolve({});
        const inOrder = cuts.filter((cut) => cut > 0 && cut < inputs[0]!.length).toSorted((a, b) => a - b);
        const expected = runBatch({ operator, params, inputs });
        expect(inPool({ operator, params, inputs }, inOrder)).toEqual(expected);
        events += expected[0]!.filter((value) => !Number.isNaN(value)).length;
      },
    ),
    { numRuns: 300 },
  );
  expect(events).toBeGreaterThan(300);
});

/** In columns of a pool, with the state saved and loaded before each of the cuts. */
function inPool(run: OperatorRun, cuts: readonly number[] = []): readonly Float64Array[] {
  const { length } = run.inputs[0]!;
  const inputs = run.inputs.map((column) => pool.copyOf(column));
  const outputs = run.operator.outputs.map(() => pool.take(length));
  let kernel: Kernel = run.operator.createKernel(run.params);
  [0, ...cuts].forEach((from, index) => {
    const fresh: Kernel = run.operator.createKernel(run.params);
    fresh.load(kernel.save());
    kernel = fresh;
    kernel.advance(inputs, outputs, from, cuts[index] ?? length);
  });
  const found = outputs.map((column) => column.slice());
  pool.releaseAll();
  return found;
}

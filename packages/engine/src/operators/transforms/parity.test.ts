import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyOperator } from "../../operator/index.ts";
import {
  depth,
  depthChange,
  gapDepthWeightedSumOperator,
  orderBookObiEma,
  orderBookObiOperator,
} from "../microstructure/index.ts";
import { transformOperators } from "./index.ts";

/** Parameters for operators that cannot do without, and shorter windows than the defaults. */
const params: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  rate_of_change: { period: 3 },
  stochastic: { period: 4 },
  angle: { period: 5 },
  volume_features: { period: 4 },
  avg_volume: { period: 3 },
  spread_zscore: { period: 4 },
  order_book_obi_ema: { emaPeriod: 4 },
  obi_regime: { windowS: 180, emaSpan: 2 },
  alpha_performance: { window: 5 },
  equity_linearity: { window: 6 },
  equity_linearity_v2: { window: 7 },
  threshold_signal: { longThreshold: 1, shortThreshold: -1, stopLoss: 3 },
  position_target: { longEnter: 1, longExit: 0.2, shortEnter: -1, shortExit: -0.2 },
};

const operators: readonly AnyOperator[] = [
  ...transformOperators,
  depth(3),
  depthChange(3),
  orderBookObiOperator(2),
  orderBookObiEma(3),
  gapDepthWeightedSumOperator(3),
];

describe.each(operators.map((operator) => [operator.name, operator] as const))("%s", (name, operator) => {
  const resolved = operator.resolve(params[name] ?? {});

  it("gives the same bits in batch, row by row in a ring, and cut anywhere into save and load", () => {
    fc.assert(
      fc.property(tables(operator), fc.nat({ max: 40 }), (columns, cut) => {
        const batch = inBatch(operator, resolved, columns);
        expect(inRing(operator, resolved, columns, Infinity)).toEqual(batch);
        expect(inRing(operator, resolved, columns, cut)).toEqual(batch);
      }),
      { numRuns: 150 },
    );
  });

  it("first speaks after its warm-up", () => {
    const rows = operator.warmupRows(resolved) + 3;
    const columns = operator.inputs.map((input, index) =>
      Float64Array.from({ length: rows }, (_, row) =>
        input === "time" ? row * 60_000 : 5 + Math.sin((index + 1) * row * row),
      ),
    );
    const outputs = inBatch(operator, resolved, columns);
    const first = Array.from({ length: rows }, (_, row) => outputs.some((output) => !Number.isNaN(output[row]!)));
    expect(first.indexOf(true)).toBe(operator.warmupRows(resolved));
  });

  it("refuses an unknown parameter and resolves what it resolved", () => {
    expect(() => operator.resolve({ ...params[name], nonsense: 1 })).toThrow('has no parameter "nonsense"');
    expect(operator.resolve(resolved)).toEqual(resolved);
  });
});

it("names every operator once", () => {
  const names = transformOperators.map((operator) => operator.name);
  expect(new Set(names).size).toBe(names.length);
});

function inBatch(operator: AnyOperator, resolved: unknown, columns: readonly Float64Array[]): Float64Array[] {
  const rows = columns[0]!.length;
  const outputs = operator.outputs.map(() => new Float64Array(rows));
  operator.createKernel(resolved).advance(columns, outputs, 0, rows);
  return outputs;
}

/** One row at a time through mirrored rings no longer than the operator's lookback; restored from a snapshot at `cut`. */
function inRing(
  operator: AnyOperator,
  resolved: unknown,
  columns: readonly Float64Array[],
  cut: number,
): Float64Array[] {
  const rows = columns[0]!.length;
  const capacity = operator.lookbackRows(resolved) + 1;
  const rings = columns.map(() => new Float64Array(2 * capacity).fill(-77));
  const slots = operator.outputs.map(() => new Float64Array(2 * capacity));
  const outputs = operator.outputs.map(() => new Float64Array(rows));
  let kernel = operator.createKernel(resolved);
  for (let row = 0; row < rows; row++) {
    if (row === cut) {
      const state = kernel.save();
      kernel = operator.createKernel(resolved);
      kernel.load(state);
    }
    const low = row % capacity;
    for (const [index, ring] of rings.entries()) ring[low] = ring[low + capacity] = columns[index]![row]!;
    kernel.advance(rings, slots, low + capacity, low + capacity + 1);
    for (const [index, slot] of slots.entries()) outputs[index]![row] = slot[low + capacity]!;
  }
  return outputs;
}

function tables(operator: AnyOperator): fc.Arbitrary<Float64Array[]> {
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.double({ min: -2, max: 2, noNaN: true }) },
    { weight: 3, arbitrary: fc.integer({ min: -2, max: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 1e9, -0, 1e-300) },
  );
  return fc
    .integer({ min: 1, max: 40 })
    .chain((rows) =>
      fc.tuple(
        ...operator.inputs.map((input) =>
          input === "time"
            ? fc.constant(Float64Array.from({ length: rows }, (_, row) => row * 60_000))
            : fc.array(value, { minLength: rows, maxLength: rows }).map((values) => Float64Array.from(values)),
        ),
      ),
    );
}

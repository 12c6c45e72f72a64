import { awkwardColumns } from "@qmtl/testkit/operators";
import { describe, expect, it } from "vitest";
import { KernelState, RollingMax, RollingMin, ROWS_PER_STEP } from "./index.ts";

const rows = 3 * ROWS_PER_STEP;
const parts = { max: RollingMax, min: RollingMin } as const;
const periods = [1, 2, 3, 7, 16, 20, 21, 64, 500, 1_000];

describe.each(["max", "min"] as const)("rolling %s of long columns", (which) => {
  /** Every window by itself; -0 is 0. */
  const naive = (input: Float64Array, period: number) =>
    input.map((_, row) =>
      row < period - 1 ? Number.NaN : Math[which](...input.subarray(row - period + 1, row + 1)) + 0,
    );

  const found = (input: Float64Array, period: number, cuts: readonly number[]) => {
    const window = new parts[which](new KernelState(), period);
    const output = new Float64Array(rows);
    [0, ...cuts].forEach((from, index) => {
      const to = cuts[index] ?? rows;
      if (to - from === 1) output[from] = window.push(input[from]!);
      else window.run(input, output, from, to);
    });
    return output;
  };
  const steps = [ROWS_PER_STEP, 2 * ROWS_PER_STEP];
  const uneven = [5, 6, 7, 800, 2_500, 2_501, 2_530, 4_000, 6_000];

  it.each(periods)("is that of every window by itself, over %i rows", (period) => {
    const [clean] = awkwardColumns(["value"], rows, period, { clean: true });
    const holed = clean!.map((value, row) => (row === 2_700 ? Number.NaN : row === 5_000 ? -Infinity : value));
    const signs = Float64Array.from({ length: rows }, (_, row) => [0, -0, -0, 0, -0, -0, -0, -1][row % 8]!);
    for (const input of [clean!, clean!.toSorted(), clean!.toSorted().toReversed(), holed, signs]) {
      const expected = naive(input, period);
      for (const cuts of [steps, uneven]) expect(sameBits(found(input, period, cuts), expected)).toBe(true);
    }
  });
});

function sameBits(left: Float64Array, right: Float64Array): boolean {
  return left.every((value, row) => Object.is(value, right[row]));
}

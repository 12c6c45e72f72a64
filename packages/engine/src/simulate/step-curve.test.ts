import fc from "fast-check";
import { expect, it } from "vitest";
import { StepCurve } from "./step-curve.ts";

it("has the value last set at each row, over any number of changes", () => {
  const value = fc.oneof(fc.constantFrom(0, -0, Number.NaN), fc.integer({ min: -9, max: 9 }));
  const step = fc.tuple(fc.integer({ min: 0, max: 3 }), value);
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 3_000, size: "max" }), fc.nat(20), (steps, more) => {
      const curve = new StepCurve();
      const written: number[] = [];
      let row = 0;
      for (const [rows, next] of steps) {
        // Up to the row before: what it was.
        if (written.length > 0) while (written.length < row + rows) written.push(written.at(-1)!);
        row = written.length === 0 ? 0 : row + rows;
        written[row] = next;
        curve.set(row, next);
      }
      for (let each = 0; each < more; each++) written.push(written.at(-1)!);
      const expected = Float64Array.from(written);
      expect(curve.column(expected.length)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

it("goes on after somebody looked", () => {
  const curve = new StepCurve();
  const rows = Array.from({ length: 1_100 }, (_, row) => row * 2);
  for (const row of rows.slice(0, 512)) curve.set(row, row);
  expect(curve.column(1_024).slice(-3)).toEqual(Float64Array.of(1_020, 1_022, 1_022));
  for (const row of rows.slice(512)) curve.set(row, row);
  expect(curve.column(2_200)).toEqual(Float64Array.from({ length: 2_200 }, (_, row) => row - (row % 2)));
});

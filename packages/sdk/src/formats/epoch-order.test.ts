import fc from "fast-check";
import { expect, test } from "vitest";
import { EpochOrder } from "./epoch-order.ts";

const isInOrder = (times: readonly number[]) =>
  times.every((time, row) => Number.isInteger(time) && time > 0 && (row === 0 || time >= times[row - 1]!));

test.each([
  [[], true],
  [[1, 1, 2], true],
  [[2, 1], false],
  [[0, 1], false],
  [[-0, 1], false],
  [[1, Number.NaN, 2], false],
  [[1, 2.5], false],
])("%j", (times, expected) => {
  const order = new EpochOrder();
  order.extend(Float64Array.from(times), times.length);
  expect(order.holds).toBe(expected);
});

test("rows that come in any parts are seen once, and in order", () => {
  const column = fc
    .record({ rows: fc.integer({ min: 1, max: 9_000 }), at: fc.nat(8_999), odd: fc.constantFrom(0, 0.5, -1, 1, 2) })
    .map(({ rows, at, odd }) => Array.from({ length: rows }, (_, row) => 1_000 + 2 * row + (row === at ? odd - 1 : 0)));
  fc.assert(
    fc.property(column, fc.array(fc.nat(9_000), { maxLength: 4 }), (times, cuts) => {
      const order = new EpochOrder();
      const all = Float64Array.from(times);
      for (const cut of [...cuts.filter((each) => each < times.length).toSorted((a, b) => a - b), times.length]) {
        order.extend(all, cut);
      }
      expect(order.holds).toBe(isInOrder(times));
    }),
    { numRuns: 60 },
  );
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { lowest } from "./lowest.ts";

const value = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }));

it("gives what sorting everything would, cut short", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 300 }), fc.nat(320), (values, count) => {
      const column = Float64Array.from(values);
      expect([...lowest(column, count)]).toEqual([...column.slice().sort().subarray(0, count)]);
    }),
  );
});

it.each([
  ["a random walk's returns", (i: number) => Math.sin(i * 12.9898) * 0.01],
  ["mostly equal values", (i: number) => (i % 50 === 0 ? -1 / (i + 1) : 0)],
  ["a sample that misses every low value", (i: number) => (i % 10 === 5 ? -i : i)],
  ["falling", (i: number) => -i],
])("samples long columns: %s", (_, at) => {
  const column = Float64Array.from({ length: 20_000 }, (_, i) => at(i));
  for (const count of [0, 1, 1_001, 19_999, 20_000]) {
    expect(lowest(column, count)).toEqual(column.slice().sort().subarray(0, count));
  }
  expect(column[7]).toBe(at(7));
});

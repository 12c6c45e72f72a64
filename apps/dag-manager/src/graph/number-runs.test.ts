import fc from "fast-check";
import { expect, it } from "vitest";
import { isInRuns, numbersIn, runsOf } from "./number-runs.ts";

const numbers = fc.array(fc.nat({ max: 60 }));

it("keeps numbers in the order they come in", () => {
  fc.assert(
    fc.property(numbers, (all) => {
      expect([...numbersIn(runsOf(all))]).toEqual(all);
    }),
  );
  expect(runsOf([5, 6, 7, 20, 3])).toEqual([5, 3, 20, 1, 3, 1]);
});

it("knows which ascending numbers are among them", () => {
  fc.assert(
    fc.property(numbers, (some) => {
      const all = [...new Set(some)].sort((a, b) => a - b);
      const runs = runsOf(all);
      for (let number = -1; number < 62; number++) expect(isInRuns(runs, number)).toBe(all.includes(number));
    }),
  );
});

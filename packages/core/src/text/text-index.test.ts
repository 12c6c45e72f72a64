import fc from "fast-check";
import { expect, it } from "vitest";
import { asWindows, Numbered, TextIndex } from "./index.ts";

it("finds numbers by texts and texts by numbers, also of texts that look alike where they are told apart", () => {
  // Alike in the part that is looked at; shorter than that; and as good as random.
  const id = fc.oneof(
    fc.integer({ max: 500, min: 0 }).map((tail) => `blake3:${"0".repeat(40)}${tail}`),
    fc.string({ maxLength: 9 }),
    fc
      .string({ minLength: 64, maxLength: 64, unit: fc.constantFrom("0", "1", "7", "9", "a", "f") })
      .map((hex) => `blake3:${hex}`),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(id, { maxLength: 2_000, size: "max" }),
      fc.array(id),
      fc.boolean(),
      (ids, others, isPart) => {
        const index = isPart ? new TextIndex({ from: 7, to: 19 }) : new TextIndex();
        expect(ids.map((each) => index.add(each))).toEqual(ids.map((_, number) => number));
        expect(ids.map((each) => index.numberOf(each))).toEqual(ids.map((_, number) => number));
        expect(ids.map((_, number) => index.textOf(number))).toEqual(ids);
        const numbers = new Map(ids.map((each, number) => [each, number]));
        expect(others.map((each) => index.numberOf(each))).toEqual(others.map((each) => numbers.get(each)));
        expect([index.size, index.textOf(ids.length)]).toEqual([ids.length, undefined]);
      },
    ),
    { numRuns: 50 },
  );
});

it("gives equal texts as windows", () => {
  const texts = fc.array(fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(texts, (all) => {
      expect(asWindows(all)).toEqual(all);
    }),
  );
});

it("numbers values from 0, page after page", () => {
  const values = Array.from({ length: 3_000 }, (_, index) => `v${index}`);
  const numbered = new Numbered<string>();
  expect(values.map((value) => numbered.push(value))).toEqual(values.map((_, number) => number));
  numbered.set(2_500, "other");
  expect([numbered.length, numbered.get(0), numbered.get(1_024), numbered.get(2_500)]).toEqual([
    3_000,
    "v0",
    "v1024",
    "other",
  ]);
  expect([...numbered.values()]).toEqual(values.with(2_500, "other"));
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { NodeIndex } from "./node-index.ts";

it("finds numbers by ids and ids by numbers, also of ids that look alike where they are hashed", () => {
  // Alike in front, where a part of an id is hashed; shorter than that; and as good as random.
  const id = fc.oneof(
    fc.integer({ max: 500, min: 0 }).map((tail) => `blake3:${"0".repeat(40)}${tail}`),
    fc.string({ maxLength: 9 }),
    fc
      .string({ minLength: 64, maxLength: 64, unit: fc.constantFrom(..."0123456789abcdef") })
      .map((hex) => `blake3:${hex}`),
  );
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 2_000, size: "max" }), fc.array(id), (ids, others) => {
      const index = new NodeIndex();
      expect(ids.map((each) => index.add(each))).toEqual(ids.map((_, number) => number));
      expect(ids.map((each) => index.numberOf(each))).toEqual(ids.map((_, number) => number));
      expect(ids.map((_, number) => index.idOf(number))).toEqual(ids);
      const numbers = new Map(ids.map((each, number) => [each, number]));
      expect(others.map((each) => index.numberOf(each))).toEqual(others.map((each) => numbers.get(each)));
      expect([index.size, index.idOf(ids.length)]).toEqual([ids.length, undefined]);
    }),
    { numRuns: 50 },
  );
});

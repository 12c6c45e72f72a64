import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  coverageBounds,
  coverageOf,
  mergeRanges,
  missingRanges,
  requireCoverage,
  warmupRange,
  wholeBuckets,
  type TimeRange,
} from "./index.ts";

// The reference's cases use inclusive bucket ranges [s, e]; bucket e is [e, e + interval) here.
const interval = 60;
const inclusive = (...ranges: [number, number][]): TimeRange[] =>
  ranges.map(([start, last]) => ({ start, end: last + interval }));

describe("ranges", () => {
  test("merge joins what touches", () => {
    expect(mergeRanges(inclusive([180, 240], [0, 60], [120, 120]))).toEqual(inclusive([0, 240]));
    expect(mergeRanges(inclusive([0, 60], [180, 240]))).toEqual(inclusive([0, 60], [180, 240]));
    expect(mergeRanges([{ start: 5, end: 5 }, { start: 9, end: 3 }])).toEqual([]); // prettier-ignore
  });

  test("missing", () => {
    const [wanted] = inclusive([0, 300]);
    expect(missingRanges([], wanted!)).toEqual(inclusive([0, 300]));
    expect(missingRanges(inclusive([0, 300]), wanted!)).toEqual([]);
    expect(missingRanges(inclusive([60, 120], [240, 240]), wanted!)).toEqual(inclusive([0, 0], [180, 180], [300, 300]));
    expect(missingRanges(inclusive([-600, 0], [300, 900]), wanted!)).toEqual(inclusive([60, 240]));
    expect(missingRanges(inclusive([-600, -60], [600, 900]), wanted!)).toEqual(inclusive([0, 300]));
  });

  test("bounds", () => {
    expect(coverageBounds(inclusive([180, 240], [0, 60]))).toEqual({ start: 0, end: 300 });
    expect(coverageBounds([])).toBeUndefined();
  });

  test("covered and missing split the wanted range, for any ranges", () => {
    const range = fc
      .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 20 }))
      .map(([start, size]) => ({ start, end: start + size }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), range, (covered, wanted) => {
        const inside = (ranges: readonly TimeRange[], at: number): boolean =>
          ranges.some(({ start, end }) => start <= at && at < end);
        const missing = missingRanges(covered, wanted);
        const merged = mergeRanges(covered);
        for (let at = -60; at < 80; at++) {
          if (inside(missing, at) !== (inside([wanted], at) && !inside(covered, at))) return false;
          if (inside(merged, at) !== inside(covered, at)) return false;
        }
        return merged.every((range, index) => index === 0 || range.start > merged[index - 1]!.end);
      }),
    );
  });
});

describe("buckets", () => {
  test("rows cover their buckets", () => {
    expect(coverageOf(Float64Array.of(0, 60, 120, 240), 60)).toEqual(inclusive([0, 120], [240, 240]));
    expect(wholeBuckets({ start: 1, end: 239 }, 60)).toEqual({ start: 60, end: 180 });
    expect(wholeBuckets({ start: 61, end: 119 }, 60)).toEqual({ start: 120, end: 120 });
  });

  test("warm-up asks for the newest closed buckets, the last one included", () => {
    // Documented: interval 60, period 10, clock 10:10:30 means the ten bars up to the one that closed at 10:10.
    const now = Date.UTC(2024, 0, 1, 10, 10, 30);
    expect(warmupRange(now, 60_000, 10)).toEqual({
      start: Date.UTC(2024, 0, 1, 10, 0),
      end: Date.UTC(2024, 0, 1, 10, 10),
    });
  });

  test("strict coverage names what is missing", () => {
    const wanted = { start: 0, end: 240 };
    expect(() => requireCoverage(Float64Array.of(0, 60, 120, 180), wanted, 60)).not.toThrow();
    expect(() => requireCoverage(Float64Array.of(0, 60, 180), wanted, 60)).toThrow(
      expect.objectContaining({ code: "DATA_GAP", details: { gap: { start: 120, end: 180 }, wanted } }),
    );
    expect(() => requireCoverage(new Float64Array(0), wanted, 60)).toThrow(
      expect.objectContaining({ code: "DATA_EMPTY" }),
    );
    expect(() => requireCoverage(Float64Array.of(0, 60, 120, 180), wanted, 60, 5)).toThrow(/at least 5 rows; found 4/);
  });
});

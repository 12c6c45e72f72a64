import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StepGrid } from "./index.ts";

describe("a decimal grid", () => {
  it("holds decimals that floats cannot", () => {
    const tenths = new StepGrid("0.1");
    expect(tenths.floor(0.3)).toBe(0.3);
    expect(tenths.floor(0.1 + 0.2)).toBe(0.3); // 0.30000000000000004
    expect(tenths.floor(0.29999999999999993)).toBe(0.2);
    expect(tenths.ceil(0.30000000000000004)).toBe(0.4);
    expect(tenths.round(2.9999999999999996)).toBe(3);
    expect(tenths.has(0.7)).toBe(true);
    expect(tenths.has(0.75)).toBe(false);
  });
  it("takes steps that are no power of ten", () => {
    const quarters = new StepGrid("0.25");
    expect([quarters.floor(1.3), quarters.ceil(1.3), quarters.round(1.4)]).toEqual([1.25, 1.5, 1.5]);
    expect(new StepGrid("5").floor(12)).toBe(10);
    expect(new StepGrid("0.05").ceil(100.001)).toBe(100.05);
  });
  it("rounds down and up on both sides of zero", () => {
    const units = new StepGrid("1");
    expect([units.floor(-1.5), units.ceil(-1.5), units.truncate(-1.5), units.truncate(1.5)]).toEqual([-2, -1, -1, 1]);
  });
  it("is off at 0", () => {
    expect(new StepGrid("0").floor(1 / 3)).toBe(1 / 3);
  });
  it("refuses what is no decimal", () => {
    for (const step of ["", "-1", "1e-3", ".5", "0.0000000000000001", "1,5"]) {
      expect(() => new StepGrid(step, "tickSize")).toThrowError(/tickSize must be decimal text/);
    }
  });
  it("puts floor and ceil around every value, at most one step apart, and keeps its own points", () => {
    const steps = fc.constantFrom("0.00000001", "0.001", "0.01", "0.05", "0.1", "0.25", "1", "3", "12.5");
    fc.assert(
      fc.property(steps, fc.double({ min: -1e6, max: 1e6, noNaN: true }), (step, value) => {
        const grid = new StepGrid(step);
        const [low, high] = [grid.floor(value), grid.ceil(value)];
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(high - low).toBeLessThanOrEqual(grid.step * (1 + 1e-6) + Math.abs(value) * 2 ** -51); // the float of a point is itself rounded
        expect(grid.floor(low)).toBe(low);
        expect(grid.ceil(low)).toBe(low);
        expect(grid.has(low)).toBe(true);
      }),
    );
  });
  it("is exact: the point k of step 10^-d is the decimal k / 10^d", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: 0, max: 8 }), (k, digits) => {
        const grid = new StepGrid(digits === 0 ? "1" : `0.${"0".repeat(digits - 1)}1`);
        const text =
          digits === 0
            ? String(k)
            : `${Math.floor(k / 10 ** digits)}.${String(k % 10 ** digits).padStart(digits, "0")}`;
        expect(grid.floor(Number(text))).toBe(Number(text));
      }),
    );
  });
});

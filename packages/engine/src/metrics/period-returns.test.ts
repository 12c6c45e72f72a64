import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dailyCloses, drawdownPeriods, drawdownSeries, monthlyReturns } from "./index.ts";

const dayMs = 86_400_000;

describe("months", () => {
  it("closes a month with the bar that ends at its midnight", () => {
    const times = Float64Array.of(
      Date.UTC(2024, 0, 31),
      Date.UTC(2024, 1, 1),
      Date.UTC(2024, 1, 2),
      Date.UTC(2024, 3, 9),
    );
    const months = monthlyReturns(times, Float64Array.of(105, 110, 121, 60.5), 100);
    expect(months.map(({ year, month, endEquity }) => [year, month, endEquity])).toEqual([
      [2024, 1, 110],
      [2024, 2, 121],
      [2024, 4, 60.5],
    ]);
    months.forEach((month, i) => expect(month.return).toBeCloseTo([0.1, 0.1, -0.5][i]!, 12));
  });

  it("compounds to the total return", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
        (values) => {
          const times = Float64Array.from(values, (_, i) => Date.UTC(2020, 0, 1) + (i + 1) * 3 * dayMs);
          const months = monthlyReturns(times, Float64Array.from(values), 1_000);
          const growth = months.reduce((product, month) => product * (1 + month.return!), 1);
          expect(Math.abs(growth / (values.at(-1)! / 1_000) - 1)).toBeLessThan(1e-9);
        },
      ),
    );
  });

  it("has no return from nothing, and no months without bars", () => {
    const times = Float64Array.of(Date.UTC(2024, 0, 9), Date.UTC(2024, 1, 9));
    expect(monthlyReturns(times, Float64Array.of(0, 5), 100).map((month) => month.return)).toEqual([-1, null]);
    expect(monthlyReturns(new Float64Array(0), new Float64Array(0), 100)).toEqual([]);
    expect(dailyCloses(new Float64Array(0))).toEqual([]);
  });
});

describe("drawdowns", () => {
  const times = Float64Array.of(1, 2, 3, 4, 5, 6, 7);
  const equity = Float64Array.of(90, 100, 80, 60, 120, 119, 108);

  it("measures every close against the peak so far, the start included", () => {
    const series = drawdownSeries(equity, 100);
    [-0.1, 0, -0.2, -0.4, 0, -1 / 120, -0.1].forEach((depth, i) => expect(series[i]).toBeCloseTo(depth, 12));
  });

  it("lists them by depth, with peak, trough and recovery", () => {
    expect(drawdownPeriods(times, equity, 100, 0)).toEqual([
      { peakMs: 2, troughMs: 4, recoveryMs: 5, depth: 0.4, durationMs: 3 },
      { peakMs: 0, troughMs: 1, recoveryMs: 2, depth: 0.1, durationMs: 2 },
      { peakMs: 5, troughMs: 7, recoveryMs: null, depth: 0.1, durationMs: 2 },
    ]);
    expect(drawdownPeriods(times, equity, 100, 0, 1)).toHaveLength(1);
  });
});

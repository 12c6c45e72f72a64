import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createEquityTracker,
  deflatedSharpe,
  probabilisticSharpe,
  returnMoments,
  type ReturnMoments,
  returnsOfCloses,
  rollingSharpe,
} from "./index.ts";
import { momentsOfRun } from "./return-statistics.ts";
import { normalCdf, normalQuantile } from "./normal-distribution.ts";

const peers = JSON.parse(readFileSync(new URL("fixtures/peer-metrics.json", import.meta.url), "utf8")) as {
  normal: { cdf: [number, number][]; quantile: [number, number][] };
};

describe("normal distribution, against SciPy", () => {
  it.each(peers.normal.cdf)("Phi(%d)", (x, expected) => {
    expect(Math.abs(normalCdf(x) - expected)).toBeLessThan(1e-15);
  });
  it.each(peers.normal.quantile)("quantile of %d", (p, expected) => {
    expect(Math.abs(normalQuantile(p) - expected)).toBeLessThan(1e-10);
  });
});

describe("Sharpe ratios under doubt", () => {
  // Bailey & López de Prado 2012, section 4: 24 monthly returns, annualised ratio 1.585 (0.458 a month),
  // skewness -2.448, kurtosis 10.164: probability 0.913 with these moments, 0.982 had they been normal.
  const record = { count: 24, mean: 0.458, deviation: 1, downsideDeviation: 1, skewness: -2.448, kurtosis: 10.164 };

  it("gives the published probabilities", () => {
    expect(probabilisticSharpe(record)).toBeCloseTo(0.913, 2);
    expect(probabilisticSharpe({ ...record, skewness: 0, kurtosis: 3 })).toBeCloseTo(0.982, 2);
  });

  it("gives the published deflated ratio", () => {
    // Bailey & López de Prado 2014, numerical example: annualised 2.5 over 1250 days, 100 trials whose annualised
    // ratios have variance 1/2, skewness -3, kurtosis 10: 0.9004 against an expected maximum of 0.1132 a day.
    const day = { ...record, count: 1250, mean: 2.5 / Math.sqrt(250), skewness: -3, kurtosis: 10 };
    expect(deflatedSharpe(day, { count: 100, sharpeVariance: 0.5 / 250 })).toBeCloseTo(0.9004, 3);
  });

  it("is the probabilistic ratio for one trial, and falls with more", () => {
    const values = [1, 2, 10, 100, 1e6, 1e15].map((count) => deflatedSharpe(record, { count })!);
    expect(values[0]).toBe(probabilisticSharpe(record));
    expect(values.toSorted((a, b) => b - a)).toEqual(values);
    expect(new Set(values).size).toBe(values.length);
  });
});

describe("moments of a run", () => {
  const equity = fc.oneof(
    { weight: 30, arbitrary: fc.double({ min: 1, max: 3, noNaN: true }) },
    fc.constantFrom(0, -1),
  );

  const basis = fc.constantFrom("bar" as const, "1d" as const);

  it("are those of its returns, added up before or not, to the bit", () => {
    let defined = 0;
    fc.assert(
      fc.property(fc.array(equity, { maxLength: 12 }), fc.nat(12), fc.boolean(), basis, (curve, cut, inRows, basis) => {
        const intervalMs = basis === "bar" ? 1 : 40_000_000; // two bars a day, and now and then three
        const tracker = createEquityTracker({ calendar: "24x7", startEquity: 2, intervalMs, basis });
        const column = Float64Array.from(curve);
        const columns = { times: column.map((_, row) => (row + 1) * intervalMs), equity: column, isCurve: true };
        const from = Math.min(cut, curve.length);
        tracker.addRows(columns, 0, from);
        if (inRows) tracker.addRows(columns, from, curve.length);
        else for (let row = from; row < curve.length; row++) tracker.add((row + 1) * intervalMs, curve[row]!, false);
        const { periods, closes } = tracker.read();
        const returns = returnsOfCloses(closes);
        const expected = returnMoments(returns ?? new Float64Array(0));
        expect(momentsOfRun(periods)).toEqual(expected);
        if (returns !== null && curve.length > 1) defined++;
      }),
      { numRuns: 500 },
    );
    expect(defined).toBeGreaterThan(100);
  });
});

describe("moments in one pass", () => {
  const small = Array.from({ length: 100_000 }, (_, bar) => 1e-5 * Math.sin(bar * bar));

  /** Each power about the mean that all returns have come to. */
  function inTwoPasses(returns: Float64Array) {
    const mean = returns.reduce((sum, each) => sum + each, 0) / returns.length;
    const power = (n: number) => returns.reduce((sum, each) => sum + (each - mean) ** n, 0);
    const variance = power(2) / returns.length;
    return {
      mean,
      deviation: Math.sqrt(power(2) / (returns.length - 1)),
      skewness: power(3) / returns.length / variance ** 1.5,
      kurtosis: power(4) / returns.length / variance ** 2,
    };
  }

  it.each([0, 1e-5, -0.5, 3])("are those of two, where the first return is %d and all others are small", (first) => {
    const returns = Float64Array.of(first, ...small);
    const found = returnMoments(returns);
    for (const [name, value] of Object.entries(inTwoPasses(returns))) {
      const own = found[name as keyof ReturnMoments];
      expect(Math.abs(own / value - 1), `${name}: ${own} against ${value}`).toBeLessThan(1e-8);
    }
  });

  it("leave no deviation where every return is the same", () => {
    const returns = returnsOfCloses(Float64Array.from(small, (_, bar) => 1_000 * 1.0001 ** bar))!;
    expect(returnMoments(returns)).toMatchObject({ deviation: 0, skewness: 0, kurtosis: 3 });
  });
});

describe("rolling Sharpe ratio", () => {
  it("is absent until the window is full and where it has no deviation", () => {
    const found = rollingSharpe(Float64Array.of(0.1, 0.3, 0.1, 0.1), 2, 4);
    const ratio = (0.2 / Math.sqrt(0.02)) * 2;
    expect(found[0]).toBeNaN();
    expect(found[1]).toBeCloseTo(ratio, 12);
    expect(found[2]).toBeCloseTo(ratio, 12);
    expect(found[3]).toBeNaN();
  });

  it("reads moments of a small sample as by hand", () => {
    // -1, 0, 0, 5: mean 1, deviations -2, -1, -1, 4: squares 22, cubes 54, fourths 274
    const found = returnMoments(Float64Array.of(-1, 0, 0, 5));
    expect(found.mean).toBe(1);
    expect(found.deviation).toBeCloseTo(Math.sqrt(22 / 3), 12);
    expect(found.skewness).toBeCloseTo(13.5 / 5.5 ** 1.5, 12);
    expect(found.kurtosis).toBeCloseTo(68.5 / 5.5 ** 2, 12);
    expect(found.downsideDeviation).toBe(0.5);
  });
});

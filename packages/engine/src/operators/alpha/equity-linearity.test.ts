import { describe, expect, it } from "vitest";
import { applyOperator } from "../transforms/apply-operator.ts";
import {
  equityLinearityMetrics,
  equityLinearityMetricsV2,
  equityLinearityOperator,
  equityLinearityV2Operator,
} from "./index.ts";

const nan = Number.NaN;

describe("first version", () => {
  it("gives a straight rise the full score", () => {
    expect(equityLinearityMetrics([0, 0.1, 0.2, 0.30000000000000004])).toMatchObject({
      r2Up: 1,
      monotonicity: 1,
      newHighFrac: 1,
    });
    expect(equityLinearityMetrics([5, 6, 7]).score).toBeCloseTo(1, 14);
  });

  it("measures 0, 2, 1, 3 by hand", () => {
    const metrics = equityLinearityMetrics([0, 2, 1, 3]);
    // slope 0.8: (sum xy)^2 / (sxx syy) = 16 / (5 * 5)
    expect(metrics.r2Up).toBeCloseTo(0.64, 14);
    const path = 2 * Math.hypot(1 / 3, 2 / 3) + Math.hypot(1 / 3, 1 / 3);
    expect(metrics.straightnessRatio).toBeCloseTo(Math.SQRT2 / path, 14);
    expect(metrics.monotonicity).toBeCloseTo(2 / 3, 14);
    expect(metrics.newHighFrac).toBe(0.75);
    expect(metrics.netGain).toBe(3);
    const score = 0.45 * 0.64 + (0.45 * Math.SQRT2) / path + 0.05 * (2 / 3 + 0.75);
    expect(metrics.score).toBeCloseTo(score, 14);
  });

  it("gives nothing to a fall, a flat line or a point", () => {
    expect(equityLinearityMetrics([3, 2, 1])).toMatchObject({ r2Up: 0, score: 0, netGain: -2 });
    expect(equityLinearityMetrics([1, 1, 1])).toMatchObject({ r2Up: 0, straightnessRatio: 0, score: 0 });
    expect(equityLinearityMetrics([1]).newHighFrac).toBe(0);
  });
});

describe("second version", () => {
  it("finds a perfectly straight line significant", () => {
    for (const line of [
      [1, 2, 3, 4],
      [0, 0.1, 0.2, 0.30000000000000004],
      [1e9, 1e9 + 0.1, 1e9 + 0.2],
    ]) {
      const metrics = equityLinearityMetricsV2(line);
      expect(metrics.tSlope).toBeNull();
      expect(metrics.tSlopeSig).toBe(1);
      expect(metrics.score).toBeCloseTo(1, 6);
    }
    expect(equityLinearityMetricsV2([4, 3, 2, 1])).toMatchObject({ tSlopeSig: 1, score: 0, r2Up: 0, spearmanRho: -1 });
    expect(equityLinearityMetricsV2([2, 2, 2])).toMatchObject({
      tSlope: 0,
      tSlopeSig: 0,
      score: 0,
      spearmanRho: 0,
      tvr: 0,
    });
  });

  it("measures 0, 2, 1, 3 by hand", () => {
    const metrics = equityLinearityMetricsV2([0, 2, 1, 3]);
    expect(metrics.r2Up).toBeCloseTo(0.64, 14);
    expect(metrics.spearmanRho).toBeCloseTo(0.8, 14); // 1 - 6*2/(4*15)
    // residual 5 - 0.8*4 = 1.8 over 2, over sxx 5
    expect(metrics.tSlope).toBeCloseTo(0.8 / Math.sqrt(1.8 / 2 / 5), 13);
    expect(metrics.tSlopeSig).toBeCloseTo(0.8 / Math.sqrt(0.18) / 3, 13);
    expect(metrics.tvr).toBeCloseTo(3 / 5, 14); // the scales 5 and 20 are too wide for 4 points
    expect(metrics.tuw).toBe(0.25);
    expect(metrics.mddNorm).toBeCloseTo(1 / 3, 9);
    const parts = [Math.sqrt(0.64 * 0.8), 0.6, 0.75, 0.75];
    expect(metrics.score).toBeCloseTo(4 / parts.reduce((sum, part) => sum + 1 / part, 0), 9);
  });

  it("takes the variation at several scales, keeping the last point", () => {
    // every second of 0 3 1 4 2 5: 0 1 2 and the last 5, monotone; in full 3+2+3+2+3 = 13
    const { tvr } = equityLinearityMetricsV2([0, 3, 1, 4, 2, 5], { scales: [1, 2] });
    expect(tvr).toBeCloseTo(Math.sqrt(5 / 13), 14);
    expect(() => equityLinearityMetricsV2([0, 1, 2], { scales: [0] })).toThrow("a scale must be a whole number");
  });

  it("turns the line over and takes logarithms when asked", () => {
    expect(equityLinearityMetricsV2([4, 3, 2], { orientation: "down" })).toMatchObject({ tSlopeSig: 1, netGain: 2 });
    expect(equityLinearityMetricsV2([4, 3, 2], { orientation: "down" }).score).toBeCloseTo(1, 6);
    expect(equityLinearityMetricsV2([1, 2, 4, 8], { useLog: true }).r2Up).toBe(1);
    expect(equityLinearityMetricsV2([1, 2, 4, 8]).r2Up).toBeLessThan(1);
    expect(equityLinearityMetricsV2([0, 2, 4, 8], { useLog: true }).r2Up).toBeLessThan(1); // a 0 has no logarithm
  });

  it("shares ranks between ties", () => {
    // ranks 0.5 0.5 2: covariance 1.5, squares 1.5 and 2
    expect(equityLinearityMetricsV2([1, 1, 2]).spearmanRho).toBeCloseTo(1.5 / Math.sqrt(3), 14);
  });
});

it("rolls both over a window", () => {
  const { score, new_high_frac } = applyOperator(equityLinearityOperator, { window: 3 }, { value: [1, 2, 3, nan, 5] });
  expect(score[0]).toBeNaN();
  expect([...score.subarray(1)].map((value) => Math.round(value * 1e9) / 1e9)).toEqual([1, 1, 1, 1]);
  expect([...new_high_frac]).toEqual([nan, 1, 1, 1, 1]);
  const second = applyOperator(equityLinearityV2Operator, { window: 4 }, { value: [9, 0, 2, 1, 3] });
  expect(second.spearman_rho[1]).toBeNaN();
  expect(second.spearman_rho[4]).toBeCloseTo(0.8, 14);
});

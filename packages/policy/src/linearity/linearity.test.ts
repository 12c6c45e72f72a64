import { describe, expect, it } from "vitest";
import { linearityMetrics, portfolioLinearityMetrics } from "./index.ts";

// Expected figures: the definitions written down with numpy and scipy (linregress, spearmanr, gmean, hmean), 12 digits.
const wavy = Array.from({ length: 60 }, (_, i) =>
  Number((100 + 0.8 * i + 6 * Math.sin(i * 0.7) + (i % 7) * 0.5).toFixed(2)),
);
const short = [100, 101, 101, 99, 103, 104, 104, 107];
const falling = [10, 9, 9.5, 8, 7.5, 7.6];

const golden: [string, readonly number[], Record<string, number>][] = [
  [
    "rising in waves, sampled at 1, 5 and 20",
    wavy,
    {
      el_v1_score: 0.637604796002,
      el_v1_r2_up: 0.908966010414,
      el_v1_straightness: 0.404951740903,
      el_v1_monotonicity: 0.610169491525,
      el_v1_new_high_frac: 0.316666666667,
      el_v1_net_gain: 46.04,
      el_v2_score: 0.538375210001,
      el_v2_tvr: 0.505473588242,
      el_v2_tuw: 0.683333333333,
      el_v2_r2_up: 0.908966010414,
      el_v2_spearman_rho: 0.950041678244,
      el_v2_t_slope: 24.065009114802,
      el_v2_t_slope_sig: 1,
      el_v2_mdd_norm: 0.217419635099,
      el_v2_net_gain: 46.04,
    },
  ],
  [
    "short, with ties",
    short,
    {
      el_v1_score: 0.731028823799,
      el_v1_r2_up: 0.737162750218,
      el_v1_straightness: 0.754409239176,
      el_v1_monotonicity: 0.571428571429,
      el_v1_new_high_frac: 0.625,
      el_v1_net_gain: 7,
      el_v2_score: 0.698646396591,
      el_v2_tvr: 0.636363636364,
      el_v2_tuw: 0.375,
      el_v2_r2_up: 0.737162750218,
      el_v2_spearman_rho: 0.843434712246,
      el_v2_t_slope: 4.1021719332,
      el_v2_t_slope_sig: 1,
      el_v2_mdd_norm: 0.28571428571,
      el_v2_net_gain: 7,
    },
  ],
  [
    "falling",
    falling,
    {
      el_v1_score: 0,
      el_v1_r2_up: 0,
      el_v1_straightness: 0.764722779894,
      el_v1_monotonicity: 0.4,
      el_v1_new_high_frac: 0.166666666667,
      el_v1_net_gain: -2.4,
      el_v2_score: 0,
      el_v2_tvr: 0.666666666667,
      el_v2_tuw: 0.833333333333,
      el_v2_r2_up: 0,
      el_v2_spearman_rho: -0.885714285714,
      el_v2_t_slope: -4.609327677584,
      el_v2_t_slope_sig: 1,
      el_v2_mdd_norm: 1.041666666623,
      el_v2_net_gain: -2.4,
    },
  ],
];

describe("linearity metrics", () => {
  it.each(golden)("%s", (_, equity, expected) => {
    const metrics = linearityMetrics({ equity });
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) expect(metrics[name], name).toBeCloseTo(value, 10);
  });

  it("take equity before profit, profit before returns, and sum returns up", () => {
    const returns = [1, 2, -1, 3];
    expect(linearityMetrics({ returns })).toEqual(linearityMetrics({ pnl: [1, 3, 2, 5] }));
    expect(linearityMetrics({ equity: short, pnl: falling, returns })).toEqual(linearityMetrics({ equity: short }));
  });

  it("of a straight line are perfect, and its t statistic is no number", () => {
    const metrics = linearityMetrics({ equity: [1, 2, 3, 4] });
    expect(metrics).toMatchObject({ el_v1_score: 1, el_v2_score: expect.closeTo(1, 9), el_v2_t_slope_sig: 1 });
    expect(metrics).not.toHaveProperty("el_v2_t_slope");
  });

  it("of a flat line are 0", () => {
    const metrics = linearityMetrics({ equity: [5, 5, 5] });
    expect(metrics).toMatchObject({
      el_v1_score: 0,
      el_v1_straightness: 0,
      el_v2_score: 0,
      el_v2_tvr: 0,
      el_v2_t_slope: 0,
    });
  });

  it("are absent where they have no meaning", () => {
    expect(linearityMetrics({ equity: [1] })).toEqual({});
    expect(linearityMetrics({})).toEqual({});
    expect(linearityMetrics({ equity: [1, Number.NaN, 2] })).toEqual({});
    expect(Object.keys(linearityMetrics({ equity: [1, 2] })).every((name) => name.startsWith("el_v1"))).toBe(true);
  });

  it("of a portfolio are those of the sum, cut to the shortest", () => {
    const metrics = portfolioLinearityMetrics([{ equity: wavy }, { pnl: short }, {}]);
    const expected = {
      portfolio_el_v1_score: 0.454608188771,
      portfolio_el_v2_score: 0.395081149506,
      portfolio_el_v2_tvr: 0.39821958457,
      portfolio_el_v2_tuw: 0.5,
      portfolio_el_v2_mdd_norm: 0.542473919515,
    };
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) expect(metrics[name], name).toBeCloseTo(value, 10);
    expect(portfolioLinearityMetrics([])).toEqual({});
  });
});

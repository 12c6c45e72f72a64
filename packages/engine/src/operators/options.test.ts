import { QmtlError } from "@qmtl/core";
import { runBatch } from "@qmtl/testkit/operators";
import { describe, expect, it } from "vitest";
import { operatorRegistry } from "./index.ts";

const none = Number.NaN;

describe("crossing lines", () => {
  const a = [1, 3, 3, 2, 2, none, 5, 1, 2];
  const b = [2, 2, 2, 2, 3, 3, 3, 3, 2];
  it("reports the row on which the lines have changed sides, not the touch, and remembers over absent rows", () => {
    expect(values("crossover", {}, a, b)).toEqual([none, 1, none, none, -1, none, 1, -1, none]);
    expect(values("cross", {}, a, b)).toEqual([0, 1, 0, 0, 1, none, 1, 1, 0]);
    expect(values("cross_above", {}, a, b)).toEqual([0, 1, 0, 0, 0, none, 1, 0, 0]);
    expect(values("cross_below", {}, a, b)).toEqual([0, 0, 0, 0, 1, none, 0, 1, 0]);
  });
});

describe("seeds and smoothing, by hand", () => {
  it("starts an EMA from a mean or from the first row, with a factor of its own if given", () => {
    expect(values("ema", { period: 3 }, [1, 2, 6, 7])).toEqual([none, none, 3, 5]);
    expect(values("ema", { period: 3, seed: "first" }, [1, 2, 6, 7])).toEqual([1, 1.5, 3.75, 5.375]);
    expect(values("ema", { period: 2, alpha: 0.25 }, [1, 3, 6])).toEqual([none, 2, 3]);
  });

  it("smooths an RSI by plain means when told", () => {
    // Changes +2, -1, +3, -2: the last two gain 3 and lose 2.
    expect(values("rsi", { period: 2, smoothing: "simple" }, [10, 12, 11, 14, 12]).at(-1)).toBeCloseTo(60, 12);
    // Wilder: G = 1, L = 0.5, then (1 + 3) / 2 and 0.5 / 2, then 1 and (0.25 + 2) / 2.
    expect(values("rsi", { period: 2 }, [10, 12, 11, 14, 12]).at(-1)).toBeCloseTo((100 * 1) / (1 + 1.125), 12);
  });

  it("smooths an ATR by plain means when told", () => {
    const high = [2, 4, 4, 9];
    const low = [1, 2, 3, 5];
    const close = [1, 3, 4, 8]; // ranges 3, 1, 5
    expect(values("atr", { period: 2, smoothing: "simple" }, high, low, close)).toEqual([none, none, 2, 3]);
    expect(values("atr", { period: 2 }, high, low, close)).toEqual([none, none, 2, 3.5]);
  });

  it("draws K, D and J as three lines", () => {
    const high = [10, 12, 14];
    const low = [8, 9, 10];
    const close = [9, 11, 13]; // raw values of two rows: 75 and 80
    const [k, d, j] = columns("kdj", { period: 2 }, high, low, close);
    const k1 = 50 + (75 - 50) / 3;
    const d1 = 50 + (k1 - 50) / 3;
    const k2 = k1 + (80 - k1) / 3;
    const d2 = d1 + (k2 - d1) / 3;
    expect(k![1]).toBeCloseTo(k1, 12);
    expect([k![2], d![2]]).toEqual([expect.closeTo(k2, 12), expect.closeTo(d2, 12)]);
    expect(j![2]).toBeCloseTo(3 * k2 - 2 * d2, 12);
  });

  it("filters a level by the gain of a Kalman filter", () => {
    const found = values("kalman_trend", { processVariance: 1, measurementVariance: 2 }, [10, 14]);
    expect(found).toEqual([10, 12]); // P = 1 + 1, K = 2 / 4
  });

  it("carries a SuperTrend until the close breaks the band", () => {
    const high = [10, 11, 12, 13, 14, 9];
    const low = [9, 10, 11, 12, 13, 4];
    const close = [9.5, 10.6, 11.6, 12.6, 13.6, 5];
    const [value, trend] = columns("supertrend", { period: 1, multiplier: 1, smoothing: "simple" }, high, low, close);
    expect(trend).toEqual([none, 1, 1, 1, 1, -1]);
    expect(value![4]).toBeCloseTo(13.5 - 1.4, 12); // the middle less the range 14 - 12.6
    expect(value![5]).toBeCloseTo(14.9, 12); // the upper band of the row before, which 6.5 + 9.6 does not undercut
  });
});

describe("rolling statistics, by hand", () => {
  it("divides by n - 1 or by n", () => {
    expect(values("rolling_variance", { period: 3 }, [1, 2, 6])[2]).toBeCloseTo(7, 12);
    expect(values("rolling_variance", { period: 3, deviation: "population" }, [1, 2, 6])[2]).toBeCloseTo(14 / 3, 12);
    expect(values("rolling_covariance", { period: 3 }, [1, 2, 6], [2, 1, 3])[2]).toBeCloseTo(2, 12);
    const bands = (deviation: string) => columns("bollinger_bands", { period: 2, multiplier: 1, deviation }, [1, 3]);
    expect(bands("population").map((column) => column[1])).toEqual([2, 3, 1]);
    expect(values("bollinger_width", { period: 2, multiplier: 1 }, [1, 3])[1]).toBe(1);
    expect(values("bollinger_percent_b", { period: 2, multiplier: 1 }, [1, 3])[1]).toBe(1);
    expect(bands("sample")[1]![1]).toBeCloseTo(2 + Math.SQRT2, 12);
  });

  it.each([
    ["linear", 1.9],
    ["lower", 1],
    ["higher", 4],
    ["nearest", 1],
    ["midpoint", 2.5],
  ])("takes a quantile by the rule %s", (rule, expected) => {
    // Place (4 - 1) · 0.1 = 0.3 between the order statistics 1 and 4.
    expect(values("rolling_quantile", { period: 4, q: 0.1, rule }, [4, 9, 1, 5])[3]).toBeCloseTo(expected, 12);
  });

  it("ranks ties by the rule it is told", () => {
    const rank = (params: object) => values("rolling_rank", { period: 4, ...params }, [3, 5, 1, 3])[3];
    expect([rank({}), rank({ ties: "min" }), rank({ ties: "max" })]).toEqual([2.5, 2, 3]);
    expect(rank({ ties: "max", scale: "fraction" })).toBe(0.75);
  });

  it("estimates skewness as pandas does, or as the plain moment ratio", () => {
    // pandas: Series([1, 2, 3, 4, 10]).skew()
    expect(values("rolling_skew", { period: 5 }, [1, 2, 3, 4, 10])[4]).toBeCloseTo(1.6970562748477143, 12);
    const plain = values("rolling_skew", { period: 5, estimator: "population" }, [1, 2, 3, 4, 10])[4];
    expect(plain).toBeCloseTo(36 / 10 ** 1.5, 12);
  });

  it("measures returns and their deviation, per row or per year", () => {
    expect(values("returns", {}, [100, 110, 0, 5])).toEqual([none, expect.closeTo(0.1, 12), -1, none]);
    expect(values("returns", { kind: "log" }, [1, Math.E, 0])).toEqual([none, 1, none]);
    const returns = { period: 2 };
    expect(values("volatility", returns, [100, 110, 99])[2]).toBeCloseTo(0.2 / Math.SQRT2, 12); // +10 %, -10 %
    expect(values("volatility", { ...returns, deviation: "population" }, [100, 110, 99])[2]).toBeCloseTo(0.1, 12);
    const yearly = values("volatility", { ...returns, periodsPerYear: 4 }, [100, 110, 99])[2];
    expect(yearly).toBeCloseTo((2 * 0.2) / Math.SQRT2, 12);
    const logs = values("volatility", { ...returns, returns: "log", deviation: "population" }, [1, Math.E, 1])[2];
    expect(logs).toBeCloseTo(1, 12);
    expect(values("rough_bergomi", { period: 2 }, [1, Math.E, 1])[2]).toBeCloseTo(1, 12);
  });

  it("looks back, subtracts and accumulates", () => {
    expect(values("lag", { period: 2 }, [1, 2, 3])).toEqual([none, none, 1]);
    expect(values("diff", {}, [1, 4, 2])).toEqual([none, 3, -2]);
    expect(values("cumulative_max", {}, [1, 4, none, 2])).toEqual([1, 4, none, 4]);
    expect(values("cumulative_min", {}, [3, 4, none, 2])).toEqual([3, 3, none, 2]);
    expect(values("cumulative_sum", {}, [1, none, 1e100, 1, -1e100])).toEqual([1, none, 1e100, 1e100, 2]);
  });
});

describe("prices weighted by volume and by time", () => {
  it("weights by volume over a window or from an anchor", () => {
    expect(values("vwap", { period: 2 }, [10, 20, 30], [1, 3, 0])).toEqual([none, 17.5, 20]);
    expect(values("anchored_vwap", { anchorTime: 60_000 }, [0, 60_000, 120_000], [10, 20, 40], [1, 3, 1])).toEqual([
      none,
      20,
      25,
    ]);
    expect(values("vwap", { period: 2 }, [10, 20], [0, 0])).toEqual([none, none]);
  });

  it("weights each observation by the time until the next", () => {
    expect(values("twap", { period: 2 }, [0, 60, 90], [10, 40, 1_000])).toEqual([none, none, 20]);
  });

  it("starts on-balance volume from zero or from the first volume", () => {
    expect(values("obv", {}, [1, 2, 1, 1], [5, 6, 7, 8])).toEqual([0, 6, -1, -1]);
    expect(values("obv", { start: "volume" }, [1, 2, 1, 1], [5, 6, 7, 8])).toEqual([5, 11, 4, 4]);
  });
});

describe("refused parameters", () => {
  const refused = (name: string, params: object): QmtlError => {
    try {
      operatorRegistry.get(name)!.resolve({ ...params });
    } catch (error) {
      if (error instanceof QmtlError) return error;
    }
    throw new Error(`${name} took ${JSON.stringify(params)}`);
  };

  it("names a misspelt period and the right word", () => {
    expect(refused("sma", { perod: 3 })).toMatchObject({ code: "PARAMETER_INVALID", hint: 'did you mean "period"?' });
  });

  it.each([0, -1, 1.5, "20", null, undefined, Number.NaN, 1e9])("refuses the period %s", (period) => {
    expect(refused("sma", { period }).code).toBe("PERIOD_INVALID");
  });

  it("says what was meant, what is expected and what was found", () => {
    expect(refused("sma", { period: 3, perod: 4 })).toMatchObject({
      code: "PARAMETER_INVALID",
      message: 'sma has no parameter "perod"',
      hint: 'did you mean "period"?',
    });
    expect(refused("ema", { period: 3, seed: "smaa" })).toMatchObject({
      message: 'seed must be one of "sma", "first"; found "smaa"',
      hint: 'did you mean "sma"?',
    });
    expect(refused("rolling_quantile", { period: 3, q: 1.5 }).message).toBe(
      "q must be a finite number, at least 0, at most 1; found 1.5",
    );
    expect(refused("macd", { fastPeriod: 26, slowPeriod: 12 }).code).toBe("PERIOD_INVALID");
    expect(refused("rolling_stdev", { period: 1 }).message).toBe("period must be at least 2; found 1");
  });

  it("refuses keys that only look inherited", () => {
    expect(refused("sma", JSON.parse('{"period": 3, "__proto__": 1}') as object).code).toBe("PARAMETER_INVALID");
  });
});

function columns(name: string, params: object, ...inputs: readonly (readonly number[])[]): number[][] {
  const operator = operatorRegistry.get(name)!;
  const run = {
    operator,
    params: operator.resolve({ ...params }),
    inputs: inputs.map((one) => Float64Array.from(one)),
  };
  return runBatch(run).map((column) => [...column]);
}

function values(name: string, params: object, ...inputs: readonly (readonly number[])[]): number[] {
  return columns(name, params, ...inputs)[0]!;
}

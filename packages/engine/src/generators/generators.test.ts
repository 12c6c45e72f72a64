import { describe, expect, it } from "vitest";
import { garch } from "./garch.ts";
import { geometricBrownianMotion } from "./geometric-brownian-motion.ts";
import { heston } from "./heston.ts";
import { randomBars } from "./random-bars.ts";
import { rawMarket, rawMarketFeatures } from "./raw-market.ts";
import { roughBergomi } from "./rough-bergomi.ts";

const day = 86_400_000;

describe("every source", () => {
  const options = { rows: 50, intervalMs: day, startMs: 3 * day, startPrice: 7, seed: "a seed" };
  const sources = { garch, geometricBrownianMotion, heston, randomBars, rawMarket, roughBergomi };

  it.each(Object.entries(sources))("%s is a function of its options", (_, source) => {
    expect(source(options)).toEqual(source(options));
    expect(source({ ...options, seed: "another" }).columns).not.toEqual(source(options).columns);
  });

  it.each(Object.entries(sources))("%s fills a frame of positive finite prices", (_, source) => {
    const frame = source(options);
    expect(frame.length).toBe(50);
    expect([frame.intervalMs, frame.time[0], frame.time[49]]).toEqual([day, 3 * day, 52 * day]);
    for (const column of Object.values(frame.columns)) {
      expect(column.length).toBe(50);
      expect(column.every(Number.isFinite)).toBe(true);
    }
    const price = frame.columns["price"] ?? frame.columns["low"]!;
    expect(price.every((value) => value > 0)).toBe(true);
    expect(source({ ...options, rows: 1 }).length).toBe(1);
  });

  it.each(Object.entries(sources))("%s refuses options without a meaning", (_, source) => {
    expect(() => source({ ...options, rows: 0 })).toThrow("rows must be a whole number");
    expect(() => source({ ...options, intervalMs: 0 })).toThrow("intervalMs must be a positive whole number");
    expect(() => source({ ...options, startMs: 1 })).toThrow("startMs must be a multiple of the interval");
    expect(() => source({ ...options, startPrice: 0 })).toThrow("startPrice must be a finite number, above 0");
    expect(() => source({ ...options, seed: 0.5 })).toThrow("seed must be text or a whole number");
  });
});

describe("geometric Brownian motion", () => {
  it("has the drift and volatility of a year, whatever the interval", () => {
    const options = { rows: 100_001, drift: 0.5, volatility: 0.3, seed: 11 };
    const hourly = logReturns(geometricBrownianMotion({ ...options, intervalMs: 3_600_000 }).columns["price"]!);
    expect(deviation(hourly) * Math.sqrt(24 * 365)).toBeCloseTo(0.3, 2);
    const minutes = { ...options, intervalMs: 60_000, periodsPerYear: 252 * 390 };
    const stock = logReturns(geometricBrownianMotion(minutes).columns["price"]!);
    expect(deviation(stock) * Math.sqrt(252 * 390)).toBeCloseTo(0.3, 2);
    // The mean log return over T years is drift - variance / 2, known to 0.3 / sqrt(T): 11.4 years here.
    expectNear(mean(hourly) * 24 * 365, 0.5 - 0.045, 3 * (0.3 / Math.sqrt(11.4)));
  });

  it("draws normal returns", () => {
    const returns = logReturns(geometricBrownianMotion({ rows: 100_001, intervalMs: day, seed: 5 }).columns["price"]!);
    expectNear(standardMoment(returns, 3), 0, 0.03); // standard error 0.0077
    expectNear(standardMoment(returns, 4), 3, 0.06); // standard error 0.0155
    expectNear(autocorrelation(returns), 0, 0.01);
  });

  it("counts years by the row, not by seconds", () => {
    const price = geometricBrownianMotion({ rows: 1_000, intervalMs: 60_000, volatility: 1, seed: 1 }).columns[
      "price"
    ]!;
    expect(Math.max(...price)).toBeLessThan(110);
    expect(Math.min(...price)).toBeGreaterThan(90);
  });
});

describe("GARCH", () => {
  const options = { rows: 200_001, intervalMs: day, omega: 1e-6, alpha: 0.1, beta: 0.8, seed: 3 };

  it("has its unconditional variance and kurtosis", () => {
    const returns = logReturns(garch(options).columns["price"]!);
    expect(deviation(returns) ** 2 / 1e-5).toBeCloseTo(1, 1); // omega / (1 - 0.9)
    // 3 (1 - 0.9^2) / (1 - 0.9^2 - 2 * 0.1^2) = 3.353
    expectNear(standardMoment(returns, 4), 3.353, 0.25);
  });

  it("feeds the variance by the shock before, not by its own", () => {
    const { price, variance } = garch({ ...options, rows: 1_000, mu: 0.01 }).columns;
    const returns = logReturns(price!);
    for (let i = 1; i < returns.length; i++) {
      const expected = 1e-6 + 0.1 * (returns[i - 1]! - 0.01) ** 2 + 0.8 * variance![i]!;
      expect(variance![i + 1]! / expected).toBeCloseTo(1, 9);
    }
  });

  it("clusters: squared returns of neighbours agree", () => {
    const squares = logReturns(garch(options).columns["price"]!).map((value) => value ** 2);
    // alpha (1 - ab - b^2) / (1 - 2ab - b^2) for a = 0.1, b = 0.8
    const expected = (0.1 * (1 - 0.08 - 0.64)) / (1 - 0.16 - 0.64);
    expectNear(autocorrelation(squares), expected, 0.03);
  });

  it("refuses a variance without a mean", () => {
    expect(() => garch({ ...options, beta: 0.9 })).toThrow("alpha + beta must be below 1");
  });
});

describe("Heston", () => {
  const options = { rows: 400_001, intervalMs: 3_600_000, kappa: 60, theta: 0.04, sigma: 1, rho: -0.7, seed: 9 };

  it("returns to the long-run variance, with its stationary spread", () => {
    const variance = heston(options).columns["variance"]!;
    expectNear(mean(variance), 0.04, 0.002);
    // sigma^2 theta / (2 kappa)
    expectNear(deviation(variance) ** 2 / (0.04 / 120), 1, 0.15);
  });

  it("moves price and variance with the correlation asked for", () => {
    for (const rho of [-0.7, 0, 0.5]) {
      const { price, variance } = heston({ ...options, rows: 50_001, rho }).columns;
      const returns = logReturns(price!);
      const changes = variance!.subarray(1).map((value, i) => value - variance![i]!);
      expectNear(correlation(returns, changes), rho, 0.016);
    }
  });

  it("keeps the price a martingale and the variance at or above 0 where Feller's condition fails", () => {
    const ends = Array.from({ length: 4_000 }, (_, seed) => {
      const { price, variance } = heston({ rows: 53, intervalMs: 7 * day, sigma: 1, theta: 0.09, seed }).columns;
      expect(Math.min(...variance!)).toBeGreaterThanOrEqual(0);
      return price!.at(-1)! / 100;
    });
    expectNear(mean(ends), 1, (3 * deviation(ends)) / Math.sqrt(4_000));
  });
});

describe("rough Bergomi", () => {
  it("has log variance whose variogram grows with 2H", () => {
    for (const hurst of [0.1, 0.3]) {
      const { variance } = roughBergomi({ rows: 65_537, intervalMs: 3_600_000, hurst, eta: 1, seed: 2 }).columns;
      const lags = [1, 2, 4, 8, 16, 32, 64];
      const logVariogram = lags.map((lag) => Math.log(variogram(variance!.map(Math.log), lag)));
      expectNear(slope(lags.map(Math.log), logVariogram), 2 * hurst, 0.04);
    }
  });

  it("keeps the expected variance at xi and the price a martingale", () => {
    const runs = Array.from({ length: 4_000 }, (_, seed) =>
      roughBergomi({ rows: 13, intervalMs: 30 * day, eta: 1, seed }),
    );
    for (const row of [1, 6, 12]) {
      const variances = runs.map((run) => run.columns["variance"]![row]!);
      expectNear(mean(variances), 0.04, (3.5 * deviation(variances)) / Math.sqrt(4_000));
    }
    const ends = runs.map((run) => run.columns["price"]![12]! / 100);
    expectNear(mean(ends), 1, (3.5 * deviation(ends)) / Math.sqrt(4_000));
  });

  it("correlates the price with the motion behind the variance", () => {
    // H = 1/2: log variance is a Brownian motion, so the correlation of the two increments is rho itself.
    const { price, variance } = roughBergomi({
      rows: 50_001,
      intervalMs: 60_000,
      hurst: 0.5,
      rho: -0.6,
      seed: 4,
    }).columns;
    const changes = logReturns(variance!);
    const shocks = logReturns(price!).map((value, i) => value / Math.sqrt(variance![i]!));
    expectNear(correlation(shocks, changes), -0.6, 0.01);
  });
});

describe("random bars", () => {
  const { open, high, low, close, volume } = randomBars({
    rows: 100_000,
    intervalMs: day,
    volatility: 0.4,
    seed: 1,
  }).columns;

  it("open at the last close and hold both ends", () => {
    for (let i = 0; i < open!.length; i++) {
      if (i > 0 && open![i] !== close![i - 1]) expect.fail(`bar ${i} opens away from the close before`);
      if (high![i]! < Math.max(open![i]!, close![i]!)) expect.fail(`bar ${i} has a high below an end`);
      if (low![i]! > Math.min(open![i]!, close![i]!)) expect.fail(`bar ${i} has a low above an end`);
    }
    expect(open![0]).toBe(100);
  });

  it("have ranges that fit the volatility: Rogers and Satchell's estimate agrees with close to close", () => {
    const daily = 0.4 / Math.sqrt(365);
    expectNear(deviation(logReturns(close!)) / daily, 1, 0.01);
    const variances = open!.map((o, i) => {
      const [u, d, c] = [Math.log(high![i]! / o), Math.log(low![i]! / o), Math.log(close![i]! / o)];
      return u * (u - c) + d * (d - c);
    });
    expectNear(Math.sqrt(mean(variances)) / daily, 1, 0.01);
  });

  it("trade the mean volume", () => {
    expectNear(mean(volume!) / 1_000, 1, 0.016);
    expect(Math.min(...volume!.subarray(0, 1_000))).toBeGreaterThanOrEqual(0);
  });
});

it("gives raw market data every feature, split volume and standard normal scores", () => {
  const { columns } = rawMarket({ rows: 10_000, intervalMs: 1_000, seed: 1 });
  for (let i = 0; i < 10_000; i++) {
    if (columns["buy_volume"]![i]! + columns["sell_volume"]![i]! !== columns["volume"]![i]) expect.fail(`row ${i}`);
  }
  expect([Math.min(...columns["volume"]!), Math.max(...columns["volume"]!)]).toEqual([50, 149]);
  for (const feature of rawMarketFeatures) {
    expectNear(mean(columns[`ask_z_${feature}`]!), 0, 0.04);
    expectNear(deviation(columns[`bid_z_${feature}`]!), 1, 0.025);
  }
});

function expectNear(found: number, expected: number, tolerance: number): void {
  expect(Math.abs(found - expected), `${found} is not within ${tolerance} of ${expected}`).toBeLessThan(tolerance);
}

function logReturns(price: Float64Array): Float64Array {
  return price.subarray(1).map((value, i) => Math.log(value / price[i]!));
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function deviation(values: ArrayLike<number>): number {
  return Math.sqrt(covariance(values, values));
}

function covariance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - meanA) * (b[i]! - meanB);
  return sum / a.length;
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return covariance(a, b) / (deviation(a) * deviation(b));
}

function autocorrelation(values: Float64Array): number {
  return correlation(values.subarray(1), values.subarray(0, -1));
}

function standardMoment(values: Float64Array, order: number): number {
  const [center, scale] = [mean(values), deviation(values)];
  return mean(values.map((value) => ((value - center) / scale) ** order));
}

function variogram(values: Float64Array, lag: number): number {
  return mean(values.subarray(lag).map((value, i) => (value - values[i]!) ** 2));
}

function slope(x: readonly number[], y: readonly number[]): number {
  return covariance(x, y) / covariance(x, x);
}

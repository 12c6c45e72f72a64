import type { Frame } from "../frame/index.ts";
import { requireNumber, startRun, yearsPerRow, type AnnualOptions } from "./synthetic.ts";

/** Parameters are per year. */
export interface HestonOptions extends AnnualOptions {
  /** Growth of the expected price; 0 unless told. */
  readonly mu?: number;
  /** Variance at the start; 0.04 unless told (a volatility of 20 %). */
  readonly v0?: number;
  /** Speed of the variance's return to `theta`; 2 unless told. */
  readonly kappa?: number;
  /** Long-run variance; 0.04 unless told. */
  readonly theta?: number;
  /** Volatility of the variance; 0.5 unless told. */
  readonly sigma?: number;
  /** Correlation of price and variance; -0.7 unless told. */
  readonly rho?: number;
}

/**
 * Heston's stochastic volatility: `dS / S = mu dt + sqrt(v) dW`, `dv = kappa (theta - v) dt + sigma sqrt(v) dZ`,
 * `dW dZ = rho dt`, by Euler steps with full truncation (v counts as 0 wherever it falls below), the scheme with the
 * least bias among the simple ones.
 *
 * Columns price (row 0 at the start price) and variance (per year, at that row).
 *
 * @throws QmtlError `PARAMETER_INVALID`, `PERIOD_INVALID`, `INTERVAL_INVALID`, `TIME_INVALID`
 * @see Heston, Rev. Financial Studies 6, 1993; Lord, Koekkoek, van Dijk, Quantitative Finance 10, 2010
 */
export function heston(options: HestonOptions): Frame {
  const run = startRun(options);
  const dt = yearsPerRow(options);
  const mu = requireNumber("mu", options.mu ?? 0);
  const kappa = requireNumber("kappa", options.kappa ?? 2, { min: 0 });
  const theta = requireNumber("theta", options.theta ?? 0.04, { min: 0 });
  const sigma = requireNumber("sigma", options.sigma ?? 0.5, { min: 0 });
  const rho = requireNumber("rho", options.rho ?? -0.7, { min: -1, max: 1 });
  const other = Math.sqrt(1 - rho * rho);
  const { random } = run;
  const price = new Float64Array(run.rows);
  const variance = new Float64Array(run.rows);
  let v = requireNumber("v0", options.v0 ?? 0.04, { min: 0 });
  price[0] = run.startPrice;
  variance[0] = v;
  for (let i = 1; i < run.rows; i++) {
    const positive = Math.max(v, 0);
    const step = Math.sqrt(positive * dt);
    const priceShock = random.normal();
    const varianceShock = rho * priceShock + other * random.normal();
    price[i] = price[i - 1]! * Math.exp((mu - positive / 2) * dt + step * priceShock);
    v += kappa * (theta - positive) * dt + sigma * step * varianceShock;
    variance[i] = Math.max(v, 0);
  }
  return run.frame({ price, variance });
}

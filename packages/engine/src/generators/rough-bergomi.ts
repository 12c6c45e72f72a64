import type { Frame } from "../frame/index.ts";
import { requireNumber, startRun, yearsPerRow, type AnnualOptions } from "./synthetic.ts";
import { volterraProcess } from "./volterra-process.ts";

/** Parameters are per year. */
export interface RoughBergomiOptions extends AnnualOptions {
  /** Expected variance, at every time; 0.04 unless told. */
  readonly xi?: number;
  /** Volatility of the variance; 1.5 unless told. */
  readonly eta?: number;
  /** Roughness H in (0, 1/2]; 0.1 unless told. */
  readonly hurst?: number;
  /** Correlation of price and variance; -0.7 unless told. */
  readonly rho?: number;
  /** Growth of the expected price; 0 unless told. */
  readonly mu?: number;
}

/**
 * Rough Bergomi: `v_t = xi exp(eta Y_t - eta^2 Var(Y_t) / 2)` with Y a fractional Volterra process of roughness H, and
 * `dS / S = mu dt + sqrt(v) dB`, `dB dW = rho dt` with the motion W that drives Y. The variance of Y is that of the
 * discretised process, so `E v_t = xi` holds exactly at every row, and the price is a martingale for mu = 0.
 *
 * Columns price (row 0 at the start price) and variance (per year, at that row).
 *
 * @throws QmtlError `PARAMETER_INVALID`, `PERIOD_INVALID`, `INTERVAL_INVALID`, `TIME_INVALID`
 * @see Bayer, Friz, Gatheral, Pricing under rough volatility, Quantitative Finance 16, 2016
 */
export function roughBergomi(options: RoughBergomiOptions): Frame {
  const run = startRun(options);
  const dt = yearsPerRow(options);
  const xi = requireNumber("xi", options.xi ?? 0.04, { min: 0 });
  const eta = requireNumber("eta", options.eta ?? 1.5, { min: 0 });
  const hurst = requireNumber("hurst", options.hurst ?? 0.1, { above: 0, max: 0.5 });
  const rho = requireNumber("rho", options.rho ?? -0.7, { min: -1, max: 1 });
  const mu = requireNumber("mu", options.mu ?? 0);
  const { increments, values, variances } = volterraProcess(run.random, run.rows - 1, dt, hurst);
  const other = Math.sqrt((1 - rho * rho) * dt);
  const price = new Float64Array(run.rows);
  const variance = new Float64Array(run.rows);
  let current = run.startPrice;
  for (let i = 0; i < run.rows; i++) {
    price[i] = current;
    const v = xi * Math.exp(eta * values[i]! - (eta * eta * variances[i]!) / 2);
    variance[i] = v;
    if (i === increments.length) break;
    const shock = rho * increments[i]! + other * run.random.normal();
    current *= Math.exp((mu - v / 2) * dt + Math.sqrt(v) * shock);
  }
  return run.frame({ price, variance });
}

import type { Frame } from "../frame/index.ts";
import { requireNumber, startRun, yearsPerRow, type AnnualOptions } from "./synthetic.ts";

export interface GeometricBrownianMotionOptions extends AnnualOptions {
  /** Growth of the expected price per year, as a log rate; 0 unless told. */
  readonly drift?: number;
  /** Deviation of log returns per square root of a year; 0.2 unless told. */
  readonly volatility?: number;
}

/**
 * Geometric Brownian motion, exact at every row: column price, row 0 at the start price.
 *
 * @throws QmtlError `PARAMETER_INVALID`, `PERIOD_INVALID`, `INTERVAL_INVALID`, `TIME_INVALID`
 */
export function geometricBrownianMotion(options: GeometricBrownianMotionOptions): Frame {
  const run = startRun(options);
  const dt = yearsPerRow(options);
  const volatility = requireNumber("volatility", options.volatility ?? 0.2, { min: 0 });
  const drift = (requireNumber("drift", options.drift ?? 0) - volatility ** 2 / 2) * dt;
  const deviation = volatility * Math.sqrt(dt);
  const price = new Float64Array(run.rows);
  price[0] = run.startPrice;
  for (let i = 1; i < run.rows; i++) price[i] = price[i - 1]! * Math.exp(drift + deviation * run.random.normal());
  return run.frame({ price });
}

import { QmtlError } from "@qmtl/core";
import type { Frame } from "../frame/index.ts";
import { requireNumber, startRun, type SyntheticOptions } from "./synthetic.ts";

/** Parameters are per row, as a fitted GARCH model states them. */
export interface GarchOptions extends SyntheticOptions {
  /** Mean log return of a row; 0 unless told. */
  readonly mu?: number;
  /** 1e-4 unless told. */
  readonly omega?: number;
  /** Weight of the last squared shock; 0.05 unless told. */
  readonly alpha?: number;
  /** Weight of the last variance; 0.92 unless told. */
  readonly beta?: number;
}

/**
 * GARCH(1,1): `variance_t = omega + alpha shock_(t-1)^2 + beta variance_(t-1)`, `shock_t = sqrt(variance_t) z_t`, log
 * return `mu + shock_t`. Starts at the unconditional variance `omega / (1 - alpha - beta)`.
 *
 * Columns price (row 0 at the start price) and variance (of the return into that row).
 *
 * @throws QmtlError `PARAMETER_INVALID` also when alpha + beta reach 1 (no unconditional variance);
 *   `PERIOD_INVALID`, `INTERVAL_INVALID`, `TIME_INVALID`
 * @see Bollerslev, Generalized autoregressive conditional heteroskedasticity, J. Econometrics 31, 1986
 */
export function garch(options: GarchOptions): Frame {
  const run = startRun(options);
  const mu = requireNumber("mu", options.mu ?? 0);
  const omega = requireNumber("omega", options.omega ?? 1e-4, { above: 0 });
  const alpha = requireNumber("alpha", options.alpha ?? 0.05, { min: 0 });
  const beta = requireNumber("beta", options.beta ?? 0.92, { min: 0 });
  if (alpha + beta >= 1) {
    throw new QmtlError("PARAMETER_INVALID", `alpha + beta must be below 1; found ${alpha + beta}`, {
      details: { alpha, beta },
    });
  }
  const price = new Float64Array(run.rows);
  const variance = new Float64Array(run.rows);
  price[0] = run.startPrice;
  variance[0] = omega / (1 - alpha - beta);
  let shock = Math.sqrt(variance[0]) * run.random.normal();
  for (let i = 1; i < run.rows; i++) {
    variance[i] = omega + alpha * shock * shock + beta * variance[i - 1]!;
    shock = Math.sqrt(variance[i]!) * run.random.normal();
    price[i] = price[i - 1]! * Math.exp(mu + shock);
  }
  return run.frame({ price, variance });
}

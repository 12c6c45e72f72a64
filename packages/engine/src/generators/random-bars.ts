import type { Frame } from "../frame/index.ts";
import { requireNumber, startRun, yearsPerRow, type AnnualOptions } from "./synthetic.ts";

export interface RandomBarsOptions extends AnnualOptions {
  /** Expected log return plus half the variance, per year; 0 unless told: the price is a martingale. */
  readonly drift?: number;
  /** Deviation of log returns per square root of a year; 0.5 unless told. */
  readonly volatility?: number;
  /** Mean volume of a bar; 1000 unless told. */
  readonly meanVolume?: number;
}

/**
 * Bars of a continuous random walk: columns open, high, low, close, volume.
 *
 * Close to close is geometric Brownian motion and each bar opens at the last close. High and low are drawn from the
 * law of a Brownian bridge's maximum and minimum between open and close, `(d + sqrt(d^2 - 2 s^2 ln U)) / 2` for the
 * log change d, so the wicks fit the volatility. (Each by itself: their dependence within a bar is left out.)
 * Volume is exponential.
 *
 * @throws QmtlError `PARAMETER_INVALID`, `PERIOD_INVALID`, `INTERVAL_INVALID`, `TIME_INVALID`
 */
export function randomBars(options: RandomBarsOptions): Frame {
  const run = startRun(options);
  const dt = yearsPerRow(options);
  const volatility = requireNumber("volatility", options.volatility ?? 0.5, { min: 0 });
  const meanVolume = requireNumber("meanVolume", options.meanVolume ?? 1_000, { min: 0 });
  const drift = (requireNumber("drift", options.drift ?? 0) - volatility ** 2 / 2) * dt;
  const deviation = volatility * Math.sqrt(dt);
  const twiceVariance = 2 * deviation ** 2;
  const { rows, random } = run;
  const open = new Float64Array(rows);
  const high = new Float64Array(rows);
  const low = new Float64Array(rows);
  const close = new Float64Array(rows);
  const volume = new Float64Array(rows);
  let price = run.startPrice;
  for (let i = 0; i < rows; i++) {
    const change = drift + deviation * random.normal();
    const up = (change + Math.sqrt(change * change - twiceVariance * Math.log(1 - random.uniform()))) / 2;
    const down = (change - Math.sqrt(change * change - twiceVariance * Math.log(1 - random.uniform()))) / 2;
    const next = price * Math.exp(change);
    open[i] = price;
    // The extremes hold the ends, also to the last digit.
    high[i] = Math.max(price, next, price * Math.exp(up));
    low[i] = Math.min(price, next, price * Math.exp(down));
    close[i] = next;
    volume[i] = -meanVolume * Math.log(1 - random.uniform());
    price = next;
  }
  return run.frame({ open, high, low, close, volume });
}

import type { Random } from "@qmtl/core/random";
import { convolve } from "./convolution.ts";

export interface VolterraPath {
  /** Increments of the driving Brownian motion: `increments[i]` belongs to the step from i to i + 1. */
  readonly increments: Float64Array;
  /** The process at the times 0, dt, ..., steps * dt; 0 at time 0. */
  readonly values: Float64Array;
  /** Variance of `values[i]`, exactly, as discretised; about `(i dt)^(2 hurst)`. */
  readonly variances: Float64Array;
}

/**
 * A Riemann-Liouville fractional Brownian motion, `Y_t = sqrt(2 H) * integral over s from 0 to t of (t - s)^(H - 1/2) dW_s`,
 * beside the Brownian motion W that drives it; variance `t^(2 H)`.
 *
 * The hybrid scheme with one exact cell: over the last step, where the kernel has its singularity, the integral is
 * drawn jointly with the increment of W; over earlier steps the kernel is a constant, its mean over the cell. The sum
 * over the past is a convolution.
 *
 * @param dt - step, any unit of time
 * @param hurst - roughness H in (0, 1/2]; 1/2 is Brownian motion
 * @see Bennedsen, Lunde, Pakkanen, Hybrid scheme for Brownian semistationary processes, Finance Stoch. 21, 2017
 */
export function volterraProcess(random: Random, steps: number, dt: number, hurst: number): VolterraPath {
  const exponent = hurst - 0.5;
  const slope = dt ** exponent / (exponent + 1); // of the last cell's integral on the increment
  const rest = Math.sqrt(Math.max(0, dt ** (2 * hurst) * (1 / (2 * hurst) - 1 / (exponent + 1) ** 2)));
  const root = Math.sqrt(2 * hurst);
  const increments = new Float64Array(steps);
  const lastCell = new Float64Array(steps);
  for (let i = 0; i < steps; i++) {
    increments[i] = Math.sqrt(dt) * random.normal();
    lastCell[i] = slope * increments[i]! + rest * random.normal();
  }
  const kernel = new Float64Array(steps); // kernel[k]: weight of the increment k steps before the last
  for (let k = 1; k < steps; k++) {
    kernel[k] = slope * ((k + 1) ** (exponent + 1) - k ** (exponent + 1));
  }
  const past = convolve(kernel, increments, steps);
  const values = new Float64Array(steps + 1);
  const variances = new Float64Array(steps + 1);
  for (let i = 1; i <= steps; i++) {
    values[i] = root * (lastCell[i - 1]! + past[i - 1]!);
    variances[i] = i === 1 ? dt ** (2 * hurst) : variances[i - 1]! + 2 * hurst * kernel[i - 1]! ** 2 * dt;
  }
  return { increments, values, variances };
}

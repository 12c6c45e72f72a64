import { ExponentialMean, readChoice, type GivenParams, type KernelState } from "../kernel-parts/index.ts";

/**
 * How an EMA of an EMA starts. `"sma"` (default, as the published tables): every level starts with the mean of
 * the first `period` rows, so all have their first value at row `period - 1`. `"nested"` (as TA-Lib): each
 * level starts with the mean of the first `period` values of the level below. `"first"`: every level starts
 * with the first row.
 */
export type CascadeSeed = "sma" | "nested" | "first";

export function readCascadeSeed(params: GivenParams): CascadeSeed {
  return readChoice(params, "seed", ["sma", "nested", "first"], "sma");
}

/** The row at which level `level` (1, 2, 3) of a cascade has its first value. */
export function cascadeWarmupRows(period: number, seed: CascadeSeed, level: number): number {
  if (seed === "first") return 0;
  return seed === "nested" ? level * (period - 1) : period - 1;
}

/** EMA of EMA of EMA. */
export class ExponentialCascade {
  first = Number.NaN;
  second = Number.NaN;
  third = Number.NaN;

  readonly #first: ExponentialMean;
  readonly #second: ExponentialMean;
  readonly #third: ExponentialMean;

  constructor(state: KernelState, period: number, seed: CascadeSeed) {
    const alpha = 2 / (period + 1);
    // A level that starts with the first value it is given starts when and where the level below does.
    const upperSeedRows = seed === "nested" ? period : 1;
    this.#first = new ExponentialMean(state, alpha, seed === "first" ? 1 : period);
    this.#second = new ExponentialMean(state, alpha, upperSeedRows);
    this.#third = new ExponentialMean(state, alpha, upperSeedRows);
  }

  push(value: number): void {
    this.first = this.#first.push(value);
    this.second = this.#second.push(this.first);
    this.third = this.#third.push(this.second);
  }
}

import { QmtlError, shown } from "@qmtl/core";

/**
 * Multiples of one decimal step ("0.01"), held exactly: a point of the grid is `k * numerator / scale` with whole
 * `k`, `numerator` and `scale`, and the float that stands for it is that one division, correctly rounded. So `0.3` is
 * on the grid of "0.1" although neither has a finite binary form. Step "0" switches the grid off: every value is on it.
 *
 * @throws QmtlError `INSTRUMENT_INVALID` when the step is no plain, non-negative decimal of at most 15 digits
 */
export class StepGrid {
  /** The step as a float; 0 when the grid is off. */
  readonly step: number;
  readonly #numerator: number;
  readonly #scale: number;

  constructor(step: string, what = "step") {
    const match = /^(\d+)(?:\.(\d+))?$/.exec(step);
    const digits = match ? `${match[1]}${match[2] ?? ""}`.replace(/^0+(?=\d)/, "") : "";
    if (!match || digits.length > 15 || (match[2]?.length ?? 0) > 15) {
      throw new QmtlError("INSTRUMENT_INVALID", `${what} must be decimal text such as "0.01"; found ${shown(step)}`, {
        details: { what, found: shown(step) },
        hint: 'write "0" to allow any value',
      });
    }
    this.#numerator = Number(digits);
    this.#scale = 10 ** (match[2]?.length ?? 0);
    this.step = this.#numerator / this.#scale;
  }

  /** Largest point of the grid `<= value`. */
  floor(value: number): number {
    if (this.#numerator === 0 || !Number.isFinite(value)) return value;
    let k = Math.floor((value * this.#scale) / this.#numerator);
    // The product was rounded: at most one step off, settled by comparing grid points themselves.
    if (this.#point(k) > value) k--;
    else if (this.#point(k + 1) <= value) k++;
    return this.#point(k);
  }

  /** Smallest point of the grid `>= value`. */
  ceil(value: number): number {
    return 0 - this.floor(0 - value);
  }

  /** Nearest point of the grid. */
  round(value: number): number {
    if (this.#numerator === 0 || !Number.isFinite(value)) return value;
    return this.#point(Math.round((value * this.#scale) / this.#numerator));
  }

  /** Towards zero: what is left of an order that may not grow. */
  truncate(value: number): number {
    return value < 0 ? this.ceil(value) : this.floor(value);
  }

  has(value: number): boolean {
    return this.round(value) === value;
  }

  // Beyond 2^53 steps the product is no longer exact; such values are far off any real price or quantity, and the
  // result is still the nearest float, only not provably a grid point.
  #point(k: number): number {
    return (k * this.#numerator) / this.#scale + 0; // never -0
  }
}

import type { KernelState } from "./kernel-state.ts";

/** Sums of squares and products of deviations of two columns over `period >= 2` rows; see `RollingMoments`. */
export class RollingComoments {
  /** `Σ (x - mean x)²`, never negative; NaN before there is a window. */
  xSquares = Number.NaN;
  /** `Σ (y - mean y)²`, never negative. */
  ySquares = Number.NaN;
  /** `Σ (x - mean x)(y - mean y)`. */
  products = Number.NaN;

  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #xx: Float64Array;
  readonly #yy: Float64Array;
  readonly #xy: Float64Array;
  readonly #position: Int32Array;
  /** Both anchors, then the prefix sums of x, y, xx, yy, xy. */
  readonly #sums: Float64Array;
  readonly #period: number;

  constructor(state: KernelState, period: number) {
    const slots = () => state.array(period - 1, Number.NaN);
    [this.#x, this.#y, this.#xx, this.#yy, this.#xy] = [slots(), slots(), slots(), slots(), slots()];
    this.#position = state.counters(1);
    this.#sums = state.array(7);
    this.#period = period;
  }

  push(x: number, y: number): void {
    const sums = this.#sums;
    const position = this.#position[0]!;
    const dx = x - sums[0]!;
    const dy = y - sums[1]!;
    const sumX = this.#x[position]! + (sums[2]! += dx);
    const sumY = this.#y[position]! + (sums[3]! += dy);
    const xSquares = this.#xx[position]! + (sums[4]! += dx * dx) - (sumX * sumX) / this.#period;
    const ySquares = this.#yy[position]! + (sums[5]! += dy * dy) - (sumY * sumY) / this.#period;
    this.products = this.#xy[position]! + (sums[6]! += dx * dy) - (sumX * sumY) / this.#period;
    this.xSquares = Math.max(0, xSquares);
    this.ySquares = Math.max(0, ySquares);
    this.#x[position] = x;
    this.#y[position] = y;
    this.#position[0] = position + 1;
    if (position + 1 === this.#x.length) this.#endBlock();
  }

  #endBlock(): void {
    const last = this.#x.length - 1;
    const anchorX = this.#x[last]!;
    const anchorY = this.#y[last]!;
    let [sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0];
    for (let position = last; position >= 0; position--) {
      const dx = this.#x[position]! - anchorX;
      const dy = this.#y[position]! - anchorY;
      this.#x[position] = sumX += dx;
      this.#y[position] = sumY += dy;
      this.#xx[position] = sumXX += dx * dx;
      this.#yy[position] = sumYY += dy * dy;
      this.#xy[position] = sumXY += dx * dy;
    }
    this.#position[0] = 0;
    this.#sums.fill(0);
    this.#sums[0] = anchorX;
    this.#sums[1] = anchorY;
  }
}

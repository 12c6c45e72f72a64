import { finite, type KernelState } from "../kernel-parts/index.ts";

/** Places of the three means in the state. */
const [FAST, SLOW, SIGNAL] = [0, 1, 2] as const;

/** The three exponential means of MACD in one loop, where their chains of operations run side by side. */
export class MacdLines {
  /** The means; while a seed is being counted, the first row and, in `sums`, the sum of its rows relative to that. */
  readonly #means: Float64Array;
  readonly #sums: Float64Array;
  /** Rows each mean still needs before it has a value. */
  readonly #missing: Int32Array;
  /** Rows the fast mean leaves out first. */
  readonly #held: Int32Array;
  readonly #periods: readonly number[];

  constructor(state: KernelState, fastPeriod: number, slowPeriod: number, signalPeriod: number, isAligned: boolean) {
    this.#periods = [fastPeriod, slowPeriod, signalPeriod];
    this.#means = state.array(3);
    this.#sums = state.array(3);
    this.#missing = state.counters(3);
    this.#missing.set(this.#periods);
    this.#held = state.counters(1, isAligned ? slowPeriod - fastPeriod : 0);
  }

  run(input: Float64Array, outputs: readonly Float64Array[], from: number, to: number): void {
    const [lines, signals, histograms] = [outputs[0]!, outputs[1]!, outputs[2]!];
    let row = from;
    for (; row < to && this.#missing[SIGNAL]! > 0; row++) {
      const line = this.#pushLine(input[row]!);
      const signal = this.#push(SIGNAL, line);
      lines[row] = line;
      signals[row] = signal;
      histograms[row] = line - signal;
    }
    const fastAlpha = this.#alpha(FAST);
    const slowAlpha = this.#alpha(SLOW);
    const signalAlpha = this.#alpha(SIGNAL);
    const means = this.#means;
    let fast = means[FAST]!;
    let slow = means[SLOW]!;
    let signal = means[SIGNAL]!;
    for (; row < to; row++) {
      const value = finite(input[row]!);
      const nextFast = fast + fastAlpha * (value - fast);
      const nextSlow = slow + slowAlpha * (value - slow);
      const line = nextFast - nextSlow;
      const nextSignal = signal + signalAlpha * (line - signal);
      lines[row] = line;
      signals[row] = nextSignal;
      histograms[row] = line - nextSignal;
      if (!Number.isNaN(line)) {
        fast = nextFast;
        slow = nextSlow;
        signal = nextSignal;
      }
    }
    means[FAST] = fast;
    means[SLOW] = slow;
    means[SIGNAL] = signal;
  }

  #pushLine(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    const slow = this.#push(SLOW, value);
    if (this.#held[0]! === 0) return this.#push(FAST, value) - slow;
    this.#held[0]!--;
    return Number.NaN;
  }

  #push(which: number, value: number): number {
    if (Number.isNaN(value)) return value;
    const means = this.#means;
    if (this.#missing[which] === 0) return (means[which]! += this.#alpha(which) * (value - means[which]!));
    if (this.#missing[which] === this.#periods[which]) means[which] = value;
    this.#sums[which]! += value - means[which]!;
    this.#missing[which]!--;
    if (this.#missing[which]! > 0) return Number.NaN;
    return (means[which]! += this.#sums[which]! / this.#periods[which]!);
  }

  #alpha(which: number): number {
    return 2 / (this.#periods[which]! + 1);
  }
}

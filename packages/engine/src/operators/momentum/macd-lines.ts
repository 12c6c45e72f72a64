import { vectorUnitFor } from "../vector/index.ts";
import { groupPower, type KernelState } from "../kernel-parts/index.ts";

/** Places of the three means in the state. */
const [FAST, SLOW, SIGNAL] = [0, 1, 2] as const;

/**
 * The three exponential means of MACD in one loop, where their chains of operations run side by side.
 *
 * Rows are taken in groups of four as in `ExponentialMean`: fast and slow by deviations from the group's first row, which
 * cancels in their difference, the signal by the mean before the group.
 */
export class MacdLines {
  /** The means before the group; while a seed is being counted, the first row and, in `tails`, the sum relative to it. */
  readonly #means: Float64Array;
  /** What the rows of the group have added to each mean so far. */
  readonly #tails: Float64Array;
  /** First row of the group. */
  readonly #first: Float64Array;
  /** Rows each mean still needs before it has a value. */
  readonly #missing: Int32Array;
  /** Rows the fast mean leaves out first, rows of the group so far. */
  readonly #counters: Int32Array;
  readonly #periods: readonly number[];

  constructor(state: KernelState, fastPeriod: number, slowPeriod: number, signalPeriod: number, isAligned: boolean) {
    this.#periods = [fastPeriod, slowPeriod, signalPeriod];
    this.#means = state.array(3);
    this.#tails = state.array(3);
    this.#first = state.array(1);
    this.#missing = state.counters(3);
    this.#missing.set(this.#periods);
    this.#counters = state.counters(2);
    this.#counters[0] = isAligned ? slowPeriod - fastPeriod : 0;
  }

  run(input: Float64Array, outputs: readonly Float64Array[], from: number, to: number): void {
    const [lines, signals, histograms] = [outputs[0]!, outputs[1]!, outputs[2]!];
    let row = from;
    while (row < to) {
      if (this.#missing[SIGNAL] === 0 && this.#counters[1] === 0) {
        row = this.#runGroups(input, lines, signals, histograms, row, to);
        if (row === to) return;
      }
      this.#runRow(input[row]!, lines, signals, histograms, row);
      row++;
    }
  }

  #runRow(value: number, lines: Float64Array, signals: Float64Array, histograms: Float64Array, row: number): void {
    const isSeeding = this.#missing[SIGNAL]! > 0;
    const line = isSeeding ? this.#seedLine(value) : this.#nextLine(value);
    const signal = isSeeding ? this.#seed(SIGNAL, line) : this.#nextSignal(line);
    lines[row] = line;
    signals[row] = signal;
    histograms[row] = line - signal;
  }

  /** Takes whole groups, state in registers, as long as no row is absent; hands back the row after them. */
  #runGroups(
    input: Float64Array,
    lines: Float64Array,
    signals: Float64Array,
    histograms: Float64Array,
    from: number,
    to: number,
  ): number {
    const means = this.#means;
    const [fastAlpha, slowAlpha, signalAlpha] = [this.#alpha(FAST), this.#alpha(SLOW), this.#alpha(SIGNAL)];
    const unit = vectorUnitFor(to - from, input, lines, signals, histograms);
    if (unit) {
      const { work } = unit;
      work.set(means);
      const [start, line] = [input.byteOffset + 8 * from, lines.byteOffset + 8 * from];
      const [signal, histogram] = [signals.byteOffset + 8 * from, histograms.byteOffset + 8 * from];
      const bytes = 32 * Math.floor((to - from) / 4);
      const convergence = unit.get("convergenceGroups");
      const taken = convergence(start, line, signal, histogram, 0, bytes, fastAlpha, slowAlpha, signalAlpha);
      means.set(work.subarray(0, means.length));
      return from + taken / 8;
    }
    const [fastRest, slowRest, signalRest] = [1 - fastAlpha, 1 - slowAlpha, 1 - signalAlpha];
    const [fastRest2, slowRest2, signalRest2] = [fastRest * fastRest, slowRest * slowRest, signalRest * signalRest];
    const [fastRest3, slowRest3, signalRest3] = [fastRest2 * fastRest, slowRest2 * slowRest, signalRest2 * signalRest];
    const [fastRest4, slowRest4, signalRest4] = [fastRest3 * fastRest, slowRest3 * slowRest, signalRest3 * signalRest];
    let fast = means[FAST]!;
    let slow = means[SLOW]!;
    let signal = means[SIGNAL]!;
    let row = from;
    for (; row + 3 < to; row += 4) {
      const first = input[row]!;
      const step2 = input[row + 1]! - first;
      const step3 = input[row + 2]! - first;
      const step4 = input[row + 3]! - first;
      const fastTail2 = fastAlpha * step2;
      const slowTail2 = slowAlpha * step2;
      const fastTail3 = fastRest * fastTail2 + fastAlpha * step3;
      const slowTail3 = slowRest * slowTail2 + slowAlpha * step3;
      const fastTail4 = fastRest * fastTail3 + fastAlpha * step4;
      const slowTail4 = slowRest * slowTail3 + slowAlpha * step4;
      if (!(fastTail4 - fastTail4 === 0)) break; // NaN: some row of the group is absent
      const fastBase = fast - first;
      const slowBase = slow - first;
      const fast4 = fastRest4 * fastBase + fastTail4;
      const slow4 = slowRest4 * slowBase + slowTail4;
      const line1 = fastRest * fastBase - slowRest * slowBase;
      const line2 = fastRest2 * fastBase + fastTail2 - (slowRest2 * slowBase + slowTail2);
      const line3 = fastRest3 * fastBase + fastTail3 - (slowRest3 * slowBase + slowTail3);
      const line4 = fast4 - slow4;
      fast = first + fastTail4 + fastRest4 * fastBase;
      slow = first + slowTail4 + slowRest4 * slowBase;
      const tail1 = signalAlpha * line1;
      const tail2 = signalRest * tail1 + signalAlpha * line2;
      const tail3 = signalRest * tail2 + signalAlpha * line3;
      const tail4 = signalRest * tail3 + signalAlpha * line4;
      const signal1 = signalRest * signal + tail1;
      const signal2 = signalRest2 * signal + tail2;
      const signal3 = signalRest3 * signal + tail3;
      signal = signalRest4 * signal + tail4;
      lines[row] = line1;
      lines[row + 1] = line2;
      lines[row + 2] = line3;
      lines[row + 3] = line4;
      signals[row] = signal1;
      signals[row + 1] = signal2;
      signals[row + 2] = signal3;
      signals[row + 3] = signal;
      histograms[row] = line1 - signal1;
      histograms[row + 1] = line2 - signal2;
      histograms[row + 2] = line3 - signal3;
      histograms[row + 3] = line4 - signal;
    }
    means[FAST] = fast;
    means[SLOW] = slow;
    means[SIGNAL] = signal;
    return row;
  }

  /** Fast less slow mean after one more row of a group. */
  #nextLine(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    const place = this.#counters[1]!;
    if (place === 0) this.#first[0] = value;
    return this.#nextDeviation(FAST, value, place) - this.#nextDeviation(SLOW, value, place);
  }

  /** The mean relative to the first row of the group; with the last row of a group, it is the mean before the next. */
  #nextDeviation(which: number, value: number, place: number): number {
    const alpha = this.#alpha(which);
    const rest = 1 - alpha;
    const first = this.#first[0]!;
    const decayed = groupPower(rest, place) * (this.#means[which]! - first);
    if (place === 0) return decayed;
    const tail = alpha * (value - first);
    const sum = place === 1 ? tail : rest * this.#tails[which]! + tail;
    this.#tails[which] = sum;
    if (place === 3) this.#means[which] = first + sum + decayed;
    return decayed + sum;
  }

  #nextSignal(line: number): number {
    if (Number.isNaN(line)) return line;
    const alpha = this.#alpha(SIGNAL);
    const rest = 1 - alpha;
    const place = this.#counters[1]!;
    this.#tails[SIGNAL] = place === 0 ? alpha * line : rest * this.#tails[SIGNAL]! + alpha * line;
    const signal = groupPower(rest, place) * this.#means[SIGNAL]! + this.#tails[SIGNAL]!;
    if (place === 3) this.#means[SIGNAL] = signal;
    this.#counters[1] = (place + 1) & 3;
    return signal;
  }

  #seedLine(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    const slow = this.#seed(SLOW, value);
    if (this.#counters[0]! === 0) return this.#seed(FAST, value) - slow;
    this.#counters[0]!--;
    return Number.NaN;
  }

  /** Row by row, until all three have a value. */
  #seed(which: number, value: number): number {
    if (Number.isNaN(value)) return value;
    const means = this.#means;
    if (this.#missing[which] === 0) return (means[which]! += this.#alpha(which) * (value - means[which]!));
    if (this.#missing[which] === this.#periods[which]) means[which] = value;
    this.#tails[which]! += value - means[which]!;
    this.#missing[which]!--;
    if (this.#missing[which]! > 0) return Number.NaN;
    return (means[which]! += this.#tails[which]! / this.#periods[which]!);
  }

  #alpha(which: number): number {
    return 2 / (this.#periods[which]! + 1);
  }
}

import {
  completeParams,
  defineOperator,
  ExponentialMean,
  KernelState,
  readChoice,
  readPeriod,
  RollingMean,
  type KernelState as State,
} from "../kernel-parts/index.ts";

export type RsiSmoothing = "wilder" | "simple";

/**
 * Relative strength index: `100 · G / (G + L)`, with G and L the mean gain and the mean loss per row.
 *
 * `smoothing`: `"wilder"` (default, as TA-Lib and the published tables) smooths recursively with `1 / period`,
 * seeded by the mean of the first `period` changes; `"simple"` takes plain means over the last `period` changes.
 * First value at row `period`. 100 when nothing fell, 0 when nothing rose, absent when nothing moved.
 * An absent row has an absent output; with `"wilder"` the next change is from the last complete row.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
 */
export const rsi = defineOperator({
  name: "rsi",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (params) =>
    completeParams("rsi", params, { period: readPeriod(params, "period", 14), smoothing: readRsiSmoothing(params) }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period, smoothing }) {
    const state = new KernelState();
    const strength = new RelativeStrength(state, period, smoothing);
    return state.kernel((inputs, outputs, from, to) => {
      const input = inputs[0]!;
      const output = outputs[0]!;
      for (let row = from; row < to; row++) output[row] = strength.push(input[row]!);
    });
  },
});

export function readRsiSmoothing(params: Readonly<Record<string, unknown>>): RsiSmoothing {
  return readChoice(params, "smoothing", ["wilder", "simple"], "wilder");
}

/**
 * The index from two means only: that of the change (`G - L`) and that of its size (`G + L`), because
 * `G / (G + L) = (1 + change / size) / 2`. Nothing branches on the direction of a row.
 */
export class RelativeStrength {
  readonly #change: ExponentialMean | RollingMean;
  readonly #size: ExponentialMean | RollingMean;
  readonly #previous: Float64Array;
  readonly #holdsOverAbsent: boolean;

  constructor(state: State, period: number, smoothing: RsiSmoothing) {
    const mean = () =>
      smoothing === "wilder" ? new ExponentialMean(state, 1 / period, period) : new RollingMean(state, period);
    this.#change = mean();
    this.#size = mean();
    this.#previous = state.array(1, Number.NaN);
    this.#holdsOverAbsent = smoothing === "wilder";
  }

  push(value: number): number {
    const change = value - this.#previous[0]!;
    if (Number.isFinite(value) || !this.#holdsOverAbsent) this.#previous[0] = value;
    return 50 + 50 * (this.#change.push(change) / this.#size.push(Math.abs(change)));
  }
}

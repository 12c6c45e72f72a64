import { completeParams, defineOperator, KernelState, readNumber } from "../kernel-parts/index.ts";

/**
 * Parabolic stop and reverse: `sar` closes in on price by `acceleration · (extreme - sar)`, `trend` is +1 or -1.
 *
 * The acceleration starts at `step`, grows by `step` with each new extreme and stops at `max`. A stop is never set
 * inside the range of the two rows before it. When price touches the stop, the trend turns and the stop becomes the
 * old extreme. The first trend is a guess: rising unless the second row's low fell further than its high rose.
 * First value at row 1. An absent row has absent outputs and leaves the state as it was.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978; start as in TA-Lib
 */
export const parabolicSar = defineOperator({
  name: "parabolic_sar",
  version: 1,
  inputs: ["high", "low"],
  outputs: ["sar", "trend"],
  resolve(params) {
    const step = readNumber(params, "step", 0.02, { above: 0, max: 1 });
    return completeParams("parabolic_sar", params, {
      step,
      max: readNumber(params, "max", Math.max(0.2, step), { min: step, max: 1 }),
    });
  },
  warmupRows: () => 1,
  lookbackRows: () => 0,
  createKernel({ step, max }) {
    const state = new KernelState();
    // High and low of the row before; then the stop of the next row, extreme, acceleration, trend.
    const memory = state.array(6, Number.NaN);
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows] = [inputs[0]!, inputs[1]!];
      const [sars, trends] = [outputs[0]!, outputs[1]!];
      let [highBefore, lowBefore] = [memory[0]!, memory[1]!];
      let [stop, extreme, acceleration, trend] = [memory[2]!, memory[3]!, memory[4]!, memory[5]!];
      for (let row = from; row < to; row++) {
        const high = highs[row]!;
        const low = lows[row]!;
        sars[row] = trends[row] = Number.NaN;
        if (!Number.isFinite(high + low)) continue;
        if (!Number.isNaN(highBefore)) {
          if (Number.isNaN(trend)) {
            trend = lowBefore - low > 0 && lowBefore - low > high - highBefore ? -1 : 1;
            stop = trend > 0 ? lowBefore : highBefore;
            extreme = trend > 0 ? high : low;
            acceleration = step;
            // The first stop is not held to the range of the row it was taken from.
            highBefore = high;
            lowBefore = low;
          }
          const touched = trend > 0 ? low <= stop : high >= stop;
          if (touched) {
            trend = -trend;
            stop = trend > 0 ? Math.min(extreme, lowBefore, low) : Math.max(extreme, highBefore, high);
            extreme = trend > 0 ? high : low;
            acceleration = step;
          } else if (trend > 0 ? high > extreme : low < extreme) {
            extreme = trend > 0 ? high : low;
            acceleration = Math.min(max, acceleration + step);
          }
          sars[row] = stop;
          trends[row] = trend;
          stop += acceleration * (extreme - stop);
          stop = trend > 0 ? Math.min(stop, lowBefore, low) : Math.max(stop, highBefore, high);
        }
        highBefore = high;
        lowBefore = low;
      }
      memory.set([highBefore, lowBefore, stop, extreme, acceleration, trend]);
    });
  },
});

import { completeParams, defineOperator, KernelState, readChoice, readNumber } from "../kernel-parts/index.ts";

/**
 * Parabolic stop and reverse: `sar` closes in on price by `acceleration · (extreme - sar)`, `trend` is +1 or -1.
 *
 * The acceleration starts at `step`, grows by `step` with each new extreme and stops at `max`. A stop is never set
 * inside the range of the two rows before it. When price reaches the stop, the trend turns and the stop becomes the
 * old extreme. First value at row 1; the first trend is a guess, so values before the first turn depend on it.
 *
 * `variant`: `"classic"` (default, as the published table) starts rising from the low of row 0 and turns when price
 * passes the stop; `"talib"` starts in the direction in which row 1 moved further, turns when price touches the stop,
 * and holds the stop of a turn outside the ranges of its row and the row before.
 *
 * An absent row has absent outputs and leaves the state as it was.
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
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
      variant: readChoice(params, "variant", ["classic", "talib"], "classic"),
    });
  },
  warmupRows: () => 1,
  lookbackRows: () => 0,
  createKernel({ step, max, variant }) {
    const state = new KernelState();
    const isClassic = variant === "classic";
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
        if (Number.isNaN(highBefore)) {
          [highBefore, lowBefore] = [high, low];
          continue;
        }
        if (Number.isNaN(trend)) {
          const fall = lowBefore - low;
          trend = !isClassic && fall > 0 && fall > high - highBefore ? -1 : 1;
          stop = trend > 0 ? lowBefore : highBefore;
          extreme = isClassic ? highBefore : trend > 0 ? high : low;
          acceleration = step;
          // Both rules hold the second stop to the range of row 1, and this first one to nothing.
          [highBefore, lowBefore] = [high, low];
        }
        const reached =
          trend > 0 ? low < stop || (!isClassic && low === stop) : high > stop || (!isClassic && high === stop);
        if (reached) {
          trend = -trend;
          stop = extreme;
          if (!isClassic) stop = trend > 0 ? Math.min(stop, lowBefore, low) : Math.max(stop, highBefore, high);
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
        [highBefore, lowBefore] = [high, low];
      }
      memory.set([highBefore, lowBefore, stop, extreme, acceleration, trend]);
    });
  },
});

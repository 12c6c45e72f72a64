import {
  completeParams,
  defineOperator,
  KernelState,
  readPeriod,
  TrueRange,
  wilderMean,
} from "../kernel-parts/index.ts";

/**
 * Directional movement: `plus_di` and `minus_di`, `100 · smoothed ±DM / smoothed true range`; `dx`,
 * `100 · |+DI - -DI| / (+DI + -DI)`; `adx`, its smoothed mean. All smoothing is Wilder's, seeded by the first
 * `period` values.
 *
 * First ±DI and DX at row `period`, first ADX at row `2·period - 1`. Absent where nothing moved. An absent row has
 * absent outputs and leaves the state as it was. (TA-Lib seeds its sums with one row less and agrees after the
 * difference has decayed.)
 *
 * @see Wilder, New Concepts in Technical Trading Systems, 1978
 */
export const adx = defineOperator({
  name: "adx",
  version: 2,
  inputs: ["high", "low", "close"],
  outputs: ["plus_di", "minus_di", "dx", "adx"],
  resolve: (params) => completeParams("adx", params, { period: readPeriod(params, "period", 14) }),
  warmupRows: ({ period }) => period,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const trueRange = new TrueRange(state);
    const [range, plus, minus, mean] = [
      wilderMean(state, period),
      wilderMean(state, period),
      wilderMean(state, period),
      wilderMean(state, period),
    ];
    const previous = state.array(2, Number.NaN); // high and low
    return state.kernel((inputs, outputs, from, to) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const [plusDis, minusDis, dxs, adxs] = [outputs[0]!, outputs[1]!, outputs[2]!, outputs[3]!];
      for (let row = from; row < to; row++) {
        const high = highs[row]!;
        const low = lows[row]!;
        const meanRange = range.push(trueRange.push(high, low, closes[row]!));
        let plusMove = Number.NaN;
        let minusMove = Number.NaN;
        if (Number.isFinite(high + low + closes[row]!)) {
          const up = high - previous[0]!;
          const down = previous[1]! - low;
          // On the first row both moves are absent and stay so.
          if (!Number.isNaN(up)) {
            plusMove = up > down && up > 0 ? up : 0;
            minusMove = down > up && down > 0 ? down : 0;
          }
          previous[0] = high;
          previous[1] = low;
        }
        const plusDi = (plus.push(plusMove) / meanRange) * 100;
        const minusDi = (minus.push(minusMove) / meanRange) * 100;
        const dx = (Math.abs(plusDi - minusDi) / (plusDi + minusDi)) * 100;
        plusDis[row] = plusDi;
        minusDis[row] = minusDi;
        dxs[row] = dx;
        adxs[row] = mean.push(dx);
      }
    });
  },
});

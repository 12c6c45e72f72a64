import {
  completeParams,
  defineOperator,
  KernelState,
  readFlag,
  readPeriod,
  RollingMax,
  RollingMin,
} from "../kernel-parts/index.ts";
import { windowOperator } from "./window-operator.ts";

/**
 * Rate of change `(last - first) / first` over `period` rows, the last included: period 2 is the step from the row
 * before. A fraction, not percent; absent where the first value is 0.
 */
export const rateOfChange = windowOperator({
  name: "rate_of_change",
  inputs: ["value"],
  outputs: ["value"],
  params: (given) => ({ period: readPeriod(given, "period", 2, 2) }),
  rows: ({ period }) => period,
  loop: ({ period }) => {
    const lag = period - 1;
    return ([values], [result], from, to) => {
      for (let i = from; i < to; i++) {
        const first = values![i - lag]!;
        result![i] = first === 0 ? Number.NaN : (values![i]! - first) / first;
      }
    };
  },
});

/** Price change `last - first` over `period` rows, in the unit of the input. */
export const priceChange = windowOperator({
  name: "price_change",
  inputs: ["value"],
  outputs: ["value"],
  params: (given) => ({ period: readPeriod(given, "period", 2, 2) }),
  rows: ({ period }) => period,
  loop: ({ period }) => {
    const lag = period - 1;
    return ([values], [result], from, to) => {
      for (let i = from; i < to; i++) result![i] = values![i]! - values![i - lag]!;
    };
  },
});

/**
 * Position of the last value within the range of one series: `100 * (last - min) / (max - min)` over `period` rows,
 * 0 in a flat window (the convention of the stochastic oscillator); absent while the window holds an absent value.
 */
export const stochastic = defineOperator({
  name: "stochastic",
  version: 1,
  inputs: ["value"],
  outputs: ["value"],
  resolve: (given) => completeParams("stochastic", given, { period: readPeriod(given, "period") }),
  warmupRows: ({ period }) => period - 1,
  lookbackRows: () => 0,
  createKernel({ period }) {
    const state = new KernelState();
    const highest = new RollingMax(state, period);
    const lowest = new RollingMin(state, period);
    return state.kernel(([values], [result], from, to) => {
      for (let i = from; i < to; i++) {
        const last = values![i]!;
        const high = highest.push(last);
        const low = lowest.push(last);
        result![i] = high === low ? 0 : ((last - low) / (high - low)) * 100;
      }
    });
  },
});

/**
 * Angle of the least-squares line through the last `period` values, one row apart: `atan(slope)` in degrees, or
 * radians when asked. The unit of the series decides what 45 degrees means; scale the input first.
 */
export const angle = windowOperator({
  name: "angle",
  inputs: ["value"],
  outputs: ["value"],
  params: (given) => ({
    period: readPeriod(given, "period", undefined, 2),
    radians: readFlag(given, "radians", false),
  }),
  rows: ({ period }) => period,
  loop: ({ period, radians }) => {
    const lag = period - 1;
    const center = lag / 2;
    const squares = (period * (period * period - 1)) / 12;
    const unit = radians ? 1 : 180 / Math.PI;
    return ([values], [result], from, to) => {
      for (let i = from; i < to; i++) {
        const first = values![i - lag]!; // measured from here, so that a large offset costs no digits
        let covariance = 0;
        for (let j = 1; j <= lag; j++) covariance += (j - center) * (values![i - lag + j]! - first);
        result![i] = Math.atan(covariance / squares) * unit;
      }
    };
  },
});

/** `(last - first) / first` of a whole series; 0 when the first value is 0 or there are fewer than two. */
export function rateOfChangeSeries(values: readonly number[]): number {
  const first = values[0];
  if (values.length < 2 || first === undefined || first === 0) return 0;
  return (values.at(-1)! - first) / first;
}

/** `end - start`. */
export function priceDelta(start: number, end: number): number {
  return end - start;
}

import { readPeriod } from "../kernel-parts/params.ts";
import { windowOperator } from "./window-operator.ts";

/** Mean and population standard deviation of the last `period` values; absent while one of them is. */
export const volumeFeatures = windowOperator({
  name: "volume_features",
  inputs: ["volume"],
  outputs: ["volume_hat", "volume_std"],
  params: (given) => ({ period: readPeriod(given, "period") }),
  rows: ({ period }) => period,
  loop: ({ period }) => {
    const lag = period - 1;
    return ([volume], [mean, deviation], from, to) => {
      for (let i = from; i < to; i++) {
        const last = volume![i]!; // measured from here: a flat window then has a deviation of exactly 0
        let sum = 0;
        for (let j = i - lag; j < i; j++) sum += volume![j]! - last;
        const average = sum / period;
        let squares = average ** 2;
        for (let j = i - lag; j < i; j++) squares += (volume![j]! - last - average) ** 2;
        mean![i] = last + average;
        deviation![i] = Math.sqrt(squares / period);
      }
    };
  },
});

/** Mean of the last `period` values; absent while one of them is. */
export const avgVolume = windowOperator({
  name: "avg_volume",
  inputs: ["volume"],
  outputs: ["value"],
  params: (given) => ({ period: readPeriod(given, "period") }),
  rows: ({ period }) => period,
  loop: ({ period }) => {
    const lag = period - 1;
    return ([volume], [result], from, to) => {
      for (let i = from; i < to; i++) {
        let sum = 0;
        for (let j = i - lag; j <= i; j++) sum += volume![j]!;
        result![i] = sum / period;
      }
    };
  },
});

/** Mean and population standard deviation of a series; NaN for an empty one. */
export function volumeStats(values: readonly number[]): { readonly mean: number; readonly stdev: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, stdev: Math.sqrt(squares / values.length) };
}

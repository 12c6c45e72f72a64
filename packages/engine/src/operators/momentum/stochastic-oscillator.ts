import {
  completeParams,
  defineOperator,
  finite,
  KernelState,
  readPeriod,
  RollingMax,
  RollingMean,
  RollingMin,
  scratch,
  VECTOR_ROWS,
} from "../kernel-parts/index.ts";
import { VECTOR_SCRATCH_ROWS, vectorUnitFor, widthFor, type VectorUnit } from "../vector/index.ts";

/**
 * Stochastic oscillator: `k` is the simple mean over `smooth` rows of
 * `100 · (close - lowest low) / (highest high - lowest low)` of `period` rows, `d` the simple mean of `k` over
 * `signalPeriod` rows. `smooth: 1` gives the fast form.
 *
 * First `k` at row `period + smooth - 2`, first `d` `signalPeriod - 1` rows later. Absent while a window holds an absent
 * row or has no range.
 *
 * @see Lane, Technical Analysis of Stocks & Commodities 2(3), 1984
 */
export const stochasticOscillator = defineOperator({
  name: "stochastic_oscillator",
  version: 1,
  inputs: ["high", "low", "close"],
  outputs: ["k", "d"],
  resolve: (params) =>
    completeParams("stochastic_oscillator", params, {
      period: readPeriod(params, "period", 14),
      smooth: readPeriod(params, "smooth", 3),
      signalPeriod: readPeriod(params, "signalPeriod", 3),
    }),
  warmupRows: ({ period, smooth }) => period + smooth - 2,
  lookbackRows: () => 0,
  createKernel({ period, smooth, signalPeriod }) {
    const state = new KernelState();
    const highest = new RollingMax(state, period);
    const lowest = new RollingMin(state, period);
    const kMean = new RollingMean(state, smooth);
    const dMean = new RollingMean(state, signalPeriod);
    const rowByRow = (inputs: Columns, outputs: Columns, from: number, to: number) => {
      const [highs, lows, closes] = [inputs[0]!, inputs[1]!, inputs[2]!];
      const rows = to - from;
      const unit = vectorUnitFor(rows, ...inputs, ...outputs);
      const { a: tops, b: bottoms, c: places } = unit?.scratch ?? scratch;
      highest.run(highs, tops, from, to, 0);
      lowest.run(lows, bottoms, from, to, 0);
      let index = 0;
      if (unit) {
        index = Math.floor(rows / 4) * 4;
        const close = closes.byteOffset + 8 * from;
        unit.get("placesInRange")(close, tops.byteOffset, bottoms.byteOffset, places.byteOffset, 8 * index);
      }
      for (; index < rows; index++) {
        const bottom = bottoms[index]!;
        places[index] = finite(((closes[from + index]! - bottom) / (tops[index]! - bottom)) * 100);
      }
      kMean.run(places, outputs[0]!, 0, rows, from);
      dMean.run(outputs[0]!, outputs[1]!, from, to);
    };
    /** Takes rows where they stand, by vector code. Hands back the row after. */
    const inPlace = (unit: VectorUnit, inputs: Columns, outputs: Columns, from: number, to: number) => {
      const { work } = unit;
      const [kBefore, dBefore, ks] = [kMean.direct!.before, dMean.direct!.before, outputs[0]!];
      work[2] = kBefore[1]!;
      work[3] = kBefore[0]!;
      const [high, low, close, k, d] = [...inputs, ...outputs].map(({ byteOffset }) => byteOffset + 8 * from) as Five;
      const bytes = 64 * Math.floor((to - from) / 8);
      const ahead = 64 * Math.ceil((period - 1) / 8);
      const width = widthFor(period);
      const rows = unit.get(`stochasticRows${width}`);
      const taken = bytes > 0 ? rows(high, low, close, k, d, bytes, 8 * (period - width), ahead, 1 / smooth) / 8 : 0;
      if (taken === 0) return from;
      const end = from + taken;
      highest.keep(inputs[0]!, end);
      lowest.keep(inputs[1]!, end);
      kBefore.set([work[3], work[2]]);
      dBefore.set([ks[end - 1]!, ks[end - 2]!]);
      return end;
    };
    const isUsual = smooth === 3 && signalPeriod === 3 && period >= 4 && period <= 64;
    return state.kernel((inputs, outputs, from, to) => {
      const unit = isUsual ? vectorUnitFor(to - from, ...inputs, ...outputs) : undefined;
      for (let row = from; row < to;) {
        // Vector code looks back in the columns, so that each stretch of it follows one that was taken row by row.
        const end = Math.min(to, row + (unit ? Math.max(64, 2 * period) : VECTOR_SCRATCH_ROWS));
        rowByRow(inputs, outputs, row, end);
        row = unit ? inPlace(unit, inputs, outputs, end, to) : end;
      }
    }, VECTOR_ROWS);
  },
});

type Columns = readonly Float64Array[];
type Five = [number, number, number, number, number];

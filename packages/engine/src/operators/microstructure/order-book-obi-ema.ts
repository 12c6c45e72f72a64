import { completeParams, defineOperator, KernelState, readPeriod } from "../kernel-parts/index.ts";
import { obiAt, readEps, readLevels, sizeColumns } from "./book-operators.ts";

/**
 * Exponential moving average of the order-book imbalance: recursive, weight `2 / (emaPeriod + 1)`, started at the
 * first imbalance. First value after `emaPeriod` rows with a book; rows without one are absent and change nothing.
 */
export function orderBookObiEma(levels = 1) {
  return defineOperator({
    name: "order_book_obi_ema",
    version: 1,
    inputs: sizeColumns(levels),
    outputs: ["value"],
    resolve: (given) =>
      completeParams("order_book_obi_ema", given, {
        levels: readLevels(given, levels),
        eps: readEps(given),
        emaPeriod: readPeriod(given, "emaPeriod", 20),
      }),
    warmupRows: ({ emaPeriod }) => emaPeriod - 1,
    lookbackRows: () => 0,
    createKernel({ eps, emaPeriod }) {
      const weight = 2 / (emaPeriod + 1);
      const state = new KernelState();
      const average = state.array(1);
      const seen = state.counters(1); // stops at emaPeriod
      return state.kernel((sizes, [result], from, to) => {
        for (let i = from; i < to; i++) {
          const obi = obiAt(sizes, levels, eps, i);
          result![i] = Number.NaN;
          if (Number.isNaN(obi)) continue;
          average[0] = seen[0] === 0 ? obi : weight * obi + (1 - weight) * average[0]!;
          if (seen[0]! < emaPeriod) seen[0] = seen[0]! + 1;
          if (seen[0] === emaPeriod) result![i] = average[0];
        }
      });
    },
  });
}

import { completeParams, defineOperator, KernelState } from "../kernel-parts/index.ts";

/**
 * 1 on the row where `a` comes below `b`, 0 on every other row with both lines, by the rule of `crossover`. First value
 * at row 0. Absent on a row on which either line is.
 */
export const crossBelow = defineOperator({
  name: "cross_below",
  version: 1,
  inputs: ["a", "b"],
  outputs: ["value"],
  resolve: (params) => completeParams("cross_below", params, {}),
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel() {
    const state = new KernelState();
    const sides = state.counters(1); // +1 above, -1 below, 0 not known yet
    return state.kernel((inputs, outputs, from, to) => {
      const [a, b] = [inputs[0]!, inputs[1]!];
      const output = outputs[0]!;
      let side = sides[0]!;
      for (let row = from; row < to; row++) {
        const left = a[row]!;
        const right = b[row]!;
        const now = left > right ? 1 : left < right ? -1 : side;
        const event = now === -1 && side === 1 ? 1 : 0;
        output[row] = Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : event;
        side = now;
      }
      sides[0] = side;
    });
  },
});

import { completeParams, defineOperator, KernelState } from "../kernel-parts/index.ts";
import type { Kernel } from "../../operator/index.ts";
import { vectorUnitFor } from "../vector/index.ts";

/**
 * Event of one line crossing another: `+1` on the row where `a` has come above `b`, `-1` where it has come
 * below, absent on every other row.
 *
 * The side is the last row on which the lines differed, so touching without passing is no event, and a cross
 * through equality is reported when the lines part again. A row on which either line is absent is skipped:
 * the side before it is remembered. First possible value at row 1.
 */
export const crossover = defineOperator({
  name: "crossover",
  version: 1,
  inputs: ["a", "b"],
  outputs: ["value"],
  resolve: (params) => completeParams("crossover", params, {}),
  warmupRows: () => 1,
  lookbackRows: () => 0,
  createKernel() {
    const state = new KernelState();
    const sides = state.counters(1); // +1 above, -1 below, 0 not known yet
    const advance: Kernel["advance"] = (inputs, outputs, from, to) => {
      const a = inputs[0]!;
      const b = inputs[1]!;
      const output = outputs[0]!;
      let side = sides[0]!;
      let row = from;
      const unit = vectorUnitFor(to - from, a, b, output);
      if (unit) {
        row += Math.floor((to - from) / 8) * 8;
        const [left, right, result] = [a, b, output].map(({ byteOffset }) => byteOffset + 8 * from) as [
          number,
          number,
          number,
        ];
        side = unit.get("crossingRows")(left, right, result, 8 * (row - from), side);
      }
      for (; row < to; row++) {
        const now = sideOf(a[row]!, b[row]!, side);
        output[row] = eventOf(now, side);
        side = now;
      }
      sides[0] = side;
    };
    return state.kernel(advance, undefined, (inputs, outputs, row) => {
      const side = sides[0]!;
      const now = sideOf(inputs[0]![row]!, inputs[1]![row]!, side);
      outputs[0]![row] = eventOf(now, side);
      sides[0] = now;
    });
  },
});

function sideOf(left: number, right: number, before: number): number {
  return left > right ? 1 : left < right ? -1 : before;
}

function eventOf(now: number, before: number): number {
  return now === before || before === 0 ? Number.NaN : now;
}

import { readNumber } from "../kernel-parts/index.ts";
import { windowOperator } from "./window-operator.ts";

/** The input times `factor`. */
export const scale = windowOperator({
  name: "scale",
  inputs: ["value"],
  outputs: ["value"],
  params: (given) => ({ factor: readNumber(given, "factor", 2) }),
  loop:
    ({ factor }) =>
    ([values], [result], from, to) => {
      for (let i = from; i < to; i++) result![i] = values![i]! * factor;
    },
});

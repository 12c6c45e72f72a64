import type { AnyOperator } from "../operator/index.ts";
import { crossover } from "./pairwise/crossover.ts";
import { ema } from "./trend/ema.ts";
import { sma } from "./trend/sma.ts";

/** Every indicator, in the order of the reference pages. */
export const indicatorOperators: readonly AnyOperator[] = [sma, ema, crossover];

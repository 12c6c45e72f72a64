import * as operators from "@qmtl/engine/operators";
import { pairOperator, scalarOperator } from "../strategy/operator-node.ts";

export const sma = scalarOperator(operators.sma);
export const ema = scalarOperator(operators.ema);
export const crossover = pairOperator(operators.crossover);

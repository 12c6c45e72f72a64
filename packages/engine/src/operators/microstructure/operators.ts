import type { AnyOperator } from "../../operator/index.ts";
import {
  depth,
  depthChange,
  gapDepthWeightedSumOperator,
  orderBookDepthSlopeOperator,
  orderBookImbalanceLevelsOperator,
  orderBookObiOperator,
  orderBookObiLAndSlope,
} from "./book-operators.ts";
import {
  conditionalEntryFilter,
  executionImbalanceOperator,
  hazardRatio,
  imbalanceToWeightOperator,
  logisticOrderBookImbalance,
  micropriceImbalance,
  microPriceOperator,
  orderBookImbalanceOperator,
  orderFlowImbalance,
  priorityIndexOperator,
  spreadZscore,
} from "./flow-operators.ts";
import { obiRegime } from "./obi-regime.ts";
import { orderBookObiEma } from "./order-book-obi-ema.ts";
import { priceBand } from "./price-band-operator.ts";

/** Every operator over order books and order flow; the ones over book levels at their default level count. */
export const microstructureOperators: readonly AnyOperator[] = [
  depth(),
  depthChange(),
  gapDepthWeightedSumOperator(),
  orderBookObiOperator(),
  orderBookObiEma(),
  orderBookImbalanceLevelsOperator(),
  orderBookDepthSlopeOperator(),
  orderBookObiLAndSlope(),
  orderBookImbalanceOperator,
  executionImbalanceOperator,
  orderFlowImbalance,
  spreadZscore,
  hazardRatio,
  priorityIndexOperator,
  micropriceImbalance,
  microPriceOperator,
  imbalanceToWeightOperator,
  logisticOrderBookImbalance,
  conditionalEntryFilter,
  obiRegime,
  priceBand,
];

import type { AnyOperator } from "../../operator/index.ts";
import {
  alphaPerformanceOperator,
  equityLinearityOperator,
  equityLinearityV2Operator,
  positionTarget,
  thresholdSignalOperator,
} from "../alpha/index.ts";
import { microstructureOperators } from "../microstructure/operators.ts";
import { angle, priceChange, rateOfChange, stochastic } from "./price.ts";
import { scale } from "./scale.ts";
import { avgVolume, volumeFeatures } from "./volume.ts";

export { applyOperator } from "./apply-operator.ts";
export { angle, priceChange, priceDelta, rateOfChange, rateOfChangeSeries, stochastic } from "./price.ts";
export { scale } from "./scale.ts";
export { avgVolume, volumeFeatures, volumeStats } from "./volume.ts";
export { windowOperator, type RowLoop, type WindowOperator } from "./window-operator.ts";

/** Every transform, microstructure and alpha operator; the ones over book levels at their default level count. */
export const transformOperators: readonly AnyOperator[] = [
  rateOfChange,
  priceChange,
  stochastic,
  angle,
  scale,
  volumeFeatures,
  avgVolume,
  ...microstructureOperators,
  alphaPerformanceOperator,
  equityLinearityOperator,
  equityLinearityV2Operator,
  thresholdSignalOperator,
  positionTarget,
];

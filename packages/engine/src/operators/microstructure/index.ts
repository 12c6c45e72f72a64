export {
  concentrationScores,
  depthWedge,
  edchSide,
  pathResistance,
  type ConcentrationScores,
} from "./depth-concentration.ts";
export { edvhExpectedJump, edvhHazard, executionVelocityHazard, type ExecutionVelocity } from "./execution-velocity.ts";
export {
  cancelLimitRatio,
  filterGhostQuotes,
  gapOverDepthSum,
  gatiSide,
  jumpExpectation,
  micropriceSlope,
} from "./gap-amplification.ts";
export {
  bifurcation,
  bifurcationHazard,
  clusteringCollapse,
  clusteringCollapseHazard,
  directionSignal,
  hazardProbability,
  tlbhAlpha,
  type Features,
  type HazardModel,
  type TlbhWeights,
} from "./hazard.ts";
export {
  expectedJump,
  fitLlrtiJumpModel,
  labelJumps,
  llrti,
  llrtiHazard,
  llrtiJumpProbability,
  type JumpModel,
  type LlrtiHazard,
  type LlrtiHazardInput,
} from "./llrti.ts";
export { logistic, softplus } from "./logistic.ts";
export { executionCost, impact, resiliencyAlpha } from "./market-impact.ts";
export { obiiFromSurvival, orderBookInertia, type BookPressure, type SurvivalLevel } from "./order-book-inertia.ts";
export {
  bookDepth,
  executionImbalance,
  gapDepthWeightedSum,
  imbalanceToWeight,
  logisticOrderBookWeight,
  microPrice,
  orderBookDepthSlope,
  orderBookImbalance,
  orderBookImbalanceLevels,
  orderBookObi,
  priorityIndex,
  sizeWeightedMicroprice,
  type BookLevel,
  type BookSnapshot,
  type ImbalanceWeightOptions,
} from "./order-book.ts";
export {
  estimateBand,
  ivHvSpread,
  ofiLiquidityGap,
  overshoot,
  pbxDelta,
  volatilitySqueeze,
  volumeSurprise,
  type PriceBand,
} from "./price-band.ts";
export { quantumLiquidityEcho, type LiquidityEcho } from "./quantum-liquidity-echo.ts";
export {
  depth,
  depthChange,
  gapDepthWeightedSumOperator,
  orderBookDepthSlopeOperator,
  orderBookImbalanceLevelsOperator,
  orderBookObiOperator,
  orderBookObiLAndSlope,
  sizeColumns,
} from "./book-operators.ts";
export {
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
export { obiRegime } from "./obi-regime.ts";
export { microstructureOperators } from "./operators.ts";
export { orderBookObiEma } from "./order-book-obi-ema.ts";
export { priceBand } from "./price-band-operator.ts";

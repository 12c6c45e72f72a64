import * as alpha from "@qmtl/engine/operators/alpha";
import * as book from "@qmtl/engine/operators/microstructure";
import * as transforms from "@qmtl/engine/operators/transforms";
import { bookOperator } from "../strategy/book-operator.ts";
import { columnsOperator, scalarOperator } from "../strategy/operator-node.ts";

// Every factory makes a node of the operator of the same name; formulas, conventions and warm-up stand there. The
// names end in "Node" where the same calculation is also there as a plain function.

// Prices and volumes
export const rateOfChange = scalarOperator(transforms.rateOfChange);
export const priceChange = scalarOperator(transforms.priceChange);
export const stochastic = scalarOperator(transforms.stochastic);
export const angle = scalarOperator(transforms.angle);
export const scale = scalarOperator(transforms.scale);
export const volumeFeatures = columnsOperator(transforms.volumeFeatures);
export const avgVolumeNode = columnsOperator(transforms.avgVolume);
export const priceBand = columnsOperator(book.priceBand);

// Order book
export const depthNode = bookOperator(book.depth);
export const depthChangeNode = bookOperator(book.depthChange);
export const gapDepthWeightedSumNode = bookOperator(book.gapDepthWeightedSumOperator);
export const orderBookObi = bookOperator(book.orderBookObiOperator);
export const orderBookObiEma = bookOperator(book.orderBookObiEma);
export const orderBookImbalanceLevelsNode = bookOperator(book.orderBookImbalanceLevelsOperator);
export const orderBookDepthSlopeNode = bookOperator(book.orderBookDepthSlopeOperator);
export const orderBookObiLAndSlope = bookOperator(book.orderBookObiLAndSlope);
export const orderBookImbalanceNode = columnsOperator(book.orderBookImbalanceOperator);
export const logisticOrderBookImbalanceNode = columnsOperator(book.logisticOrderBookImbalance);
export const micropriceImbalance = columnsOperator(book.micropriceImbalance);
export const microPriceNode = columnsOperator(book.microPriceOperator);
export const imbalanceToWeightNode = columnsOperator(book.imbalanceToWeightOperator);
export const conditionalEntryFilter = columnsOperator(book.conditionalEntryFilter);
export const priorityIndexNode = columnsOperator(book.priorityIndexOperator);
export const obiRegimeNode = columnsOperator(book.obiRegime);

// Order flow
export const executionImbalanceNode = columnsOperator(book.executionImbalanceOperator);
export const orderFlowImbalanceNode = columnsOperator(book.orderFlowImbalance);
export const spreadZscoreNode = columnsOperator(book.spreadZscore);
export const hazardNode = columnsOperator(book.hazardRatio);

// Alpha and performance
export const alphaPerformanceNode = scalarOperator(alpha.alphaPerformanceOperator);
export const equityLinearityNode = scalarOperator(alpha.equityLinearityOperator);
export const equityLinearityV2Node = scalarOperator(alpha.equityLinearityV2Operator);
export const thresholdSignalNode = columnsOperator(alpha.thresholdSignalOperator);
export const positionStateNode = columnsOperator(alpha.positionTarget);

// The same as plain functions, for compute functions and tests
export {
  alphaPerformance,
  equityLinearityMetrics,
  equityLinearityMetricsV2,
  nextPositionState,
  summariseExecution,
  tradeSignal,
  validateFillOrDlq,
  validationMetrics,
} from "@qmtl/engine/operators/alpha";
export {
  bifurcationHazard,
  bookDepth,
  cancelLimitRatio,
  clusteringCollapseHazard,
  concentrationScores,
  depthWedge,
  directionSignal,
  edchSide,
  edvhExpectedJump,
  edvhHazard,
  estimateBand,
  executionCost,
  executionImbalance,
  executionVelocityHazard,
  expectedJump,
  filterGhostQuotes,
  fitLlrtiJumpModel,
  gapDepthWeightedSum,
  gapOverDepthSum,
  gatiSide,
  hazardProbability,
  imbalanceToWeight,
  impact,
  ivHvSpread,
  jumpExpectation,
  labelJumps,
  llrti,
  llrtiHazard,
  logistic,
  logisticOrderBookWeight,
  microPrice,
  micropriceSlope,
  obiiFromSurvival,
  ofiLiquidityGap,
  orderBookDepthSlope,
  orderBookImbalance,
  orderBookImbalanceLevels,
  orderBookInertia,
  overshoot,
  pathResistance,
  pbxDelta,
  priorityIndex,
  quantumLiquidityEcho,
  resiliencyAlpha,
  softplus,
  tlbhAlpha,
  volatilitySqueeze,
  volumeSurprise,
} from "@qmtl/engine/operators/microstructure";
export { priceDelta, rateOfChangeSeries, volumeStats } from "@qmtl/engine/operators/transforms";

export {
  sma,
  ema,
  wma,
  dema,
  tema,
  hma,
  smma,
  kama,
  kalmanTrend,
  adx,
  parabolicSar,
  supertrend,
  ichimokuCloud,
  donchianChannel,
  vortex,
} from "./trend/index.ts";
export {
  rsi,
  stochRsi,
  stochasticOscillator,
  kdj,
  macd,
  roc,
  cci,
  williamsR,
  awesomeOscillator,
  aroon,
  mfi,
  trix,
} from "./momentum/index.ts";
export {
  trueRange,
  atr,
  bollingerBands,
  bollingerPercentB,
  bollingerWidth,
  keltnerChannel,
  chandelierExit,
  ulcerIndex,
  volatility,
  roughBergomi,
} from "./volatility/index.ts";
export { obv, vwap, vwma, anchoredVwap, twap, cmf, adl } from "./volume/index.ts";
export {
  rollingMean,
  rollingSum,
  rollingMin,
  rollingMax,
  rollingVariance,
  rollingStdev,
  rollingZscore,
  rollingSkew,
  rollingCovariance,
  rollingCorrelation,
  rollingRank,
  rollingQuantile,
  rollingMedian,
  lag,
  diff,
  returns,
  cumulativeMax,
  cumulativeMin,
  cumulativeSum,
} from "./rolling/index.ts";
export { crossover, cross, crossAbove, crossBelow } from "./pairwise/index.ts";
export { indicatorOperators } from "./indicator-operators.ts";
export { operatorRegistry } from "./registry.ts";
export { completeParams, defineOperator, readChoice, readFlag, readNumber, readPeriod } from "./kernel-parts/index.ts";
export type { AtrSmoothing } from "./volatility/average-true-range.ts";
export type { CascadeSeed } from "./trend/exponential-cascade.ts";
export type { Deviation } from "./rolling/deviation.ts";
export type { RsiSmoothing } from "./momentum/relative-strength.ts";

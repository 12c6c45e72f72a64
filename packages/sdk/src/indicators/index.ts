import * as operators from "@qmtl/engine/operators";
import { columnsOperator, pairOperator, scalarOperator } from "../strategy/operator-node.ts";

// Every factory makes a node of the operator of the same name; formulas, conventions and warm-up stand there.

// Trend
export const sma = scalarOperator(operators.sma);
export const ema = scalarOperator(operators.ema);
export const wma = scalarOperator(operators.wma);
export const dema = scalarOperator(operators.dema);
export const tema = scalarOperator(operators.tema);
export const hma = scalarOperator(operators.hma);
export const smma = scalarOperator(operators.smma);
export const kama = scalarOperator(operators.kama);
export const kalmanTrend = scalarOperator(operators.kalmanTrend);
export const adx = columnsOperator(operators.adx);
export const parabolicSar = columnsOperator(operators.parabolicSar);
export const supertrend = columnsOperator(operators.supertrend);
export const ichimokuCloud = columnsOperator(operators.ichimokuCloud);
export const donchianChannel = columnsOperator(operators.donchianChannel);
export const vortex = columnsOperator(operators.vortex);

// Momentum
export const rsi = scalarOperator(operators.rsi);
export const stochRsi = scalarOperator(operators.stochRsi);
export const stochasticOscillator = columnsOperator(operators.stochasticOscillator);
export const kdj = columnsOperator(operators.kdj);
export const macd = scalarOperator(operators.macd);
export const roc = scalarOperator(operators.roc);
export const cci = columnsOperator(operators.cci);
export const williamsR = columnsOperator(operators.williamsR);
export const awesomeOscillator = columnsOperator(operators.awesomeOscillator);
export const aroon = columnsOperator(operators.aroon);
export const mfi = columnsOperator(operators.mfi);
export const trix = scalarOperator(operators.trix);

// Volatility
export const trueRange = columnsOperator(operators.trueRange);
export const atr = columnsOperator(operators.atr);
export const bollingerBands = scalarOperator(operators.bollingerBands);
export const bollingerWidth = scalarOperator(operators.bollingerWidth);
export const bollingerPercentB = scalarOperator(operators.bollingerPercentB);
export const keltnerChannel = columnsOperator(operators.keltnerChannel);
export const chandelierExit = columnsOperator(operators.chandelierExit);
export const ulcerIndex = scalarOperator(operators.ulcerIndex);
export const volatility = scalarOperator(operators.volatility);
export const roughBergomi = scalarOperator(operators.roughBergomi);

// Volume
export const obv = columnsOperator(operators.obv);
export const vwap = columnsOperator(operators.vwap);
export const vwma = columnsOperator(operators.vwma);
export const anchoredVwap = columnsOperator(operators.anchoredVwap);
export const twap = scalarOperator(operators.twap);
export const cmf = columnsOperator(operators.cmf);
export const adl = columnsOperator(operators.adl);

// Rolling statistics
export const rollingMean = scalarOperator(operators.rollingMean);
export const rollingSum = scalarOperator(operators.rollingSum);
export const rollingMin = scalarOperator(operators.rollingMin);
export const rollingMax = scalarOperator(operators.rollingMax);
export const rollingVariance = scalarOperator(operators.rollingVariance);
export const rollingStdev = scalarOperator(operators.rollingStdev);
export const rollingZscore = scalarOperator(operators.rollingZscore);
export const rollingSkew = scalarOperator(operators.rollingSkew);
export const rollingRank = scalarOperator(operators.rollingRank);
export const rollingQuantile = scalarOperator(operators.rollingQuantile);
export const rollingMedian = scalarOperator(operators.rollingMedian);
export const rollingCovariance = pairOperator(operators.rollingCovariance);
export const rollingCorrelation = pairOperator(operators.rollingCorrelation);
export const lag = scalarOperator(operators.lag);
export const diff = scalarOperator(operators.diff);
export const returns = scalarOperator(operators.returns);
export const cumulativeMax = scalarOperator(operators.cumulativeMax);
export const cumulativeMin = scalarOperator(operators.cumulativeMin);
export const cumulativeSum = scalarOperator(operators.cumulativeSum);

// Two lines
export const crossover = pairOperator(operators.crossover);
export const cross = pairOperator(operators.cross);
export const crossAbove = pairOperator(operators.crossAbove);
export const crossBelow = pairOperator(operators.crossBelow);

import { describe, expect, it } from "vitest";
import { applyOperator } from "../transforms/apply-operator.ts";
import {
  alphaHistory,
  alphaPerformance,
  alphaPerformanceOperator,
  nextPositionState,
  positionTarget,
  thresholdSignal,
  thresholdSignalOperator,
  tradeSignal,
  validationMetrics,
} from "./index.ts";

const nan = Number.NaN;

describe("alpha performance", () => {
  it("gives the six figures by hand", () => {
    // mean 0.175; growth 1.5, 0.75, 1.125, 1.35
    const result = alphaPerformance([0.5, -0.5, nan, 0.5, 0.2]);
    const deviation = Math.sqrt((0.325 ** 2 + 0.675 ** 2 + 0.325 ** 2 + 0.025 ** 2) / 4);
    expect(result.sharpe).toBeCloseTo(0.175 / deviation, 14);
    expect(result.maxDrawdown).toBe(-0.5);
    expect(result.winRatio).toBe(0.75);
    expect(result.profitFactor).toBeCloseTo(2.4, 14);
    expect(result.carMdd).toBeCloseTo(0.35 / 0.5, 14);
    expect(result.rarMdd).toBeCloseTo(0.175 / deviation / 0.5, 13);
    expect(result).not.toHaveProperty("execution");
  });

  it("names its drawdown: of compounded growth, or of the running sum", () => {
    const returns = [1, -0.5, -0.5];
    expect(alphaPerformance(returns).maxDrawdown).toBe(-0.75);
    expect(alphaPerformance(returns, { drawdown: "additive" }).maxDrawdown).toBe(-1);
    expect(alphaPerformance([-0.25, 0.1], { drawdown: "additive" }).maxDrawdown).toBe(-0.25); // below the start
  });

  it("takes cost and the risk-free rate off", () => {
    const result = alphaPerformance([0.3, 0.1], { transactionCost: 0.2, riskFreeRate: 0.1 });
    expect(result.winRatio).toBe(0.5); // net 0.1, -0.1
    expect(result.sharpe).toBeCloseTo(-0.1 / 0.1, 12);
  });

  it("says null where a ratio is not defined, never infinity", () => {
    expect(alphaPerformance([0.1, 0.1, 0.1])).toEqual({
      sharpe: 0,
      maxDrawdown: 0,
      winRatio: 1,
      profitFactor: null,
      carMdd: null,
      rarMdd: null,
    });
    expect(alphaPerformance([nan])).toEqual({
      sharpe: 0,
      maxDrawdown: 0,
      winRatio: 0,
      profitFactor: 0,
      carMdd: 0,
      rarMdd: 0,
    });
    expect(alphaPerformance([-0.5, -0.5])).toMatchObject({ sharpe: 0, profitFactor: 0, rarMdd: 0, carMdd: -1 });
  });

  it("states execution costs in basis points of notional", () => {
    const executionFills = [
      { quantity: 10, price: 100, commission: 1, slippage: -0.05, marketImpact: 0.1 },
      { quantity: -10, price: 300, commission: 3, slippage: 0.05 },
    ];
    const { execution, winRatio } = alphaPerformance([0.001, 0.002], { executionFills, useRealisticCosts: true });
    expect(execution).toEqual({
      totalTrades: 2,
      totalVolume: 20,
      totalNotional: 4_000,
      totalCommission: 4,
      totalSlippage: 1,
      totalMarketImpact: 1,
      totalExecutionCost: 6,
      avgCommissionBps: 10,
      avgSlippageBps: 2.5,
      avgMarketImpactBps: 2.5,
      avgExecutionShortfallBps: 15,
    });
    expect(winRatio).toBe(0.5); // each return is charged 15 bps
    expect(alphaPerformance([0.1], { executionFills: [] }).execution?.avgSlippageBps).toBeNull();
  });

  it("rolls from the first row on, over the rows there are", () => {
    const { max_drawdown, win_ratio, sharpe } = applyOperator(
      alphaPerformanceOperator,
      { window: 2, drawdown: "additive" },
      { value: [0.5, -0.25, nan, nan, 0.5] },
    );
    expect([...win_ratio]).toEqual([1, 0.5, 0, nan, 1]);
    expect([...max_drawdown]).toEqual([0, -0.25, -0.25, nan, 0]);
    expect(sharpe[0]).toBeNaN(); // one return has no deviation
    expect(sharpe[1]).toBeCloseTo(0.125 / 0.375, 14);
  });
});

it("keeps a history that starts with the first value and belongs to its column", () => {
  expect(alphaHistory([5], 3)).toEqual([5]);
  expect(alphaHistory(Float64Array.of(1, 2, nan, 4), 3)).toEqual([2, 4]);
  expect(alphaHistory([1, 2], 3, (alpha) => -alpha)).toEqual([-1, -2]);
});

describe("signals", () => {
  const options = { longThreshold: 0.5, shortThreshold: -0.5, size: 2 };

  it("compare an alpha with two thresholds", () => {
    expect(thresholdSignal(0.5, options)).toEqual({ action: "BUY", size: 2 });
    expect(thresholdSignal(-0.5, { ...options, stopLoss: 90 })).toEqual({ action: "SELL", size: 2, stopLoss: 90 });
    expect(thresholdSignal(0, { ...options, takeProfit: 9 })).toEqual({ action: "HOLD", size: 2, takeProfit: 9 });
    expect(thresholdSignal(nan, options).action).toBe("HOLD");
    expect(tradeSignal([0, 0.7], options).action).toBe("BUY");
    expect(tradeSignal([], { longThreshold: 0, shortThreshold: -1 }).action).toBe("BUY"); // an empty history counts as 0
  });

  it("run over a column", () => {
    const { action, size, stop_loss, take_profit } = applyOperator(
      thresholdSignalOperator,
      { longThreshold: 0.5, shortThreshold: -0.5, size: 2, stopLoss: 90 },
      { alpha: [0.5, 0, -0.6, nan] },
    );
    expect([...action]).toEqual([1, 0, -1, nan]);
    expect([...size]).toEqual([2, 2, 2, nan]);
    expect([...stop_loss]).toEqual([90, 90, 90, nan]);
    expect([...take_profit]).toEqual([nan, nan, nan, nan]);
    expect(() => thresholdSignalOperator.resolve({ longThreshold: -1, shortThreshold: 1 })).toThrow(
      "shortThreshold must not be above longThreshold",
    );
  });

  it("hold a position until the signal has come back", () => {
    const thresholds = { longEnter: 1, longExit: 0.25, shortEnter: -1, shortExit: -0.25 };
    expect(nextPositionState(1, 0.5, thresholds)).toBe(1);
    expect(nextPositionState(1, 0.25, thresholds)).toBe(0);
    expect(nextPositionState(-1, -0.5, thresholds)).toBe(-1);
    expect(nextPositionState(1, -1, thresholds)).toBe(-1);
    const params = { longEnter: 1, longExit: 0.25, shortEnter: -1, shortExit: -0.25, size: 3 };
    const { state, target } = applyOperator(positionTarget, params, {
      signal: [0.9, 1, 0.5, nan, 0.2, 0.9, -1.5, -0.3, -0.2],
    });
    expect([...state]).toEqual([0, 1, 1, 1, 0, 0, -1, -1, 0]);
    expect([...target]).toEqual([nan, 3, nan, nan, 0, nan, -3, nan, 0]);
    expect(() => positionTarget.resolve({ ...params, longExit: 2 })).toThrow("longExit must not be above longEnter");
  });
});

it("gives validation metrics under their wire names, all JSON", () => {
  const metrics = validationMetrics([0.1, -0.05, nan, 0.1]);
  expect(metrics).toMatchObject({
    num_trades: 3,
    win_rate: 2 / 3,
    win_ratio: 2 / 3,
    "alpha_performance.win_ratio": 2 / 3,
  });
  expect(metrics["total_return"]).toBeCloseTo(0.15, 15);
  expect(metrics["avg_trade_return"]).toBeCloseTo(0.05, 15);
  expect(metrics["max_drawdown"]).toBeCloseTo(0.05, 15);
  expect(metrics["alpha_performance.max_drawdown"]).toBeCloseTo(-0.05, 15);
  for (const returns of [[], [0.1], [0.1, 0.1, 0.1, 0.1], [-1, -1]]) {
    for (const value of Object.values(validationMetrics(returns))) {
      expect(value === null || Number.isFinite(value)).toBe(true);
    }
  }
});

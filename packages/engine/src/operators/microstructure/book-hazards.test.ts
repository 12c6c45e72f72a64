import { expect, it } from "vitest";
import { concentrationScores, depthWedge, edchSide, pathResistance } from "./depth-concentration.ts";
import { edvhExpectedJump, edvhHazard, executionVelocityHazard } from "./execution-velocity.ts";
import {
  cancelLimitRatio,
  filterGhostQuotes,
  gapOverDepthSum,
  gatiSide,
  jumpExpectation,
  micropriceSlope,
} from "./gap-amplification.ts";
import { logistic } from "./logistic.ts";
import { obiiFromSurvival, orderBookInertia } from "./order-book-inertia.ts";
import { quantumLiquidityEcho } from "./quantum-liquidity-echo.ts";

it("gives the execution-velocity hazard", () => {
  const state = { aevx: 1, tension: 2, depth: Math.E, ofi: 0.5, spreadZ: -1, microSlope: 0.25 };
  // 0.5+1*1+2*2-3*1+4*0.5+5*(-1)+6*0.25 = 1
  const eta = [0.5, 1, 2, 3, 4, 5, 6];
  expect(edvhHazard(state, eta)).toBeCloseTo(logistic(1), 8);
  expect(edvhHazard({ ...state, depth: 0 }, [0, 0, 0, 1e3, 0, 0, 0])).toBe(1);
  expect(() => edvhHazard(state, [1])).toThrow("expected 7 weights");
  // level 1 is eaten (p 1), level 2 holds (p 1/2): 1 + 0.5 * (2 + 1.5)
  expect(edvhExpectedJump([1, 2, 3], [9, 5, 6], 5)).toBe(2.75);
  expect(edvhExpectedJump([], [], 5)).toBe(0);
  expect(executionVelocityHazard(state, eta, [1, 2, 3], [9, 5, 6], 5)).toBeCloseTo(2.75 * logistic(1), 7);
});

it("scores concentration of size over price", () => {
  // bins [1,2) and [2,3]: shares 1/4 and 3/4; price steps 1 and 1: no variance
  const scores = concentrationScores([1, 2, 3], [1, 1, 2], 2);
  expect(scores.hhi).toBe(0.625);
  expect(scores.entropy).toBeCloseTo(-(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75)), 15);
  expect(scores.fano).toBe(0);
  // steps 1 and 3: mean 2, variance 1
  expect(concentrationScores([1, 2, 5], [1, 1, 1], 1)).toEqual({ entropy: 0, hhi: 1, fano: 0.5 });
  expect(concentrationScores([], [], 3).hhi).toBeNaN();
});

it("measures the path through depth", () => {
  expect(pathResistance([Math.E, 0])).toBe(-1);
  expect(depthWedge(3, 1)).toBeCloseTo(0.5, 8);
  expect(depthWedge(0, 0)).toBe(0);
  expect(edchSide(0.25, 4)).toBe(1);
});

it("amplifies gaps by missing depth", () => {
  expect(gapOverDepthSum([1, 2, 4], [2, 0, 8], Math.LN2)).toBeCloseTo(0.5 + 0.125, 8);
  expect(gapOverDepthSum([], [], 1)).toBe(0);
  expect(jumpExpectation([2, 3], [1, 1])).toBe(2);
  expect(jumpExpectation([], [])).toBe(1);
  // (2 + 0.5*(2/4)*3 + 0.5*(4/4)*1) * 1.5
  expect(jumpExpectation([2, 3, 1], [1, 1, 2], 0.5, 0.5)).toBe(4.875);
  expect(gatiSide(0.5, 4, 3)).toBe(6);
});

it("handles quotes and cancels", () => {
  const quotes = [{ dwellMs: 5 }, { dwellMs: 10 }, { dwellMs: 20 }];
  expect(filterGhostQuotes(quotes, 10)).toEqual([{ dwellMs: 10 }, { dwellMs: 20 }]);
  expect(cancelLimitRatio(3, 2)).toBeCloseTo(1.5, 8);
  expect(Number.isFinite(cancelLimitRatio(3, 0))).toBe(true);
  expect(micropriceSlope(101, 100.5)).toBe(0.5);
});

it("fades an echo that stands out", () => {
  // dt/tau = ln 2: 4/2 + 4/4 = 3, index 9/2
  const echo = quantumLiquidityEcho([4, 4], Math.LN2, 1, 2, 4);
  expect(echo.echo).toBeCloseTo(3, 14);
  expect(echo.index).toBeCloseTo(4.5, 14);
  expect(echo.action).toBe(-1);
  expect(quantumLiquidityEcho([-4, -4], Math.LN2, 1, 2, 4).action).toBe(1);
  expect(quantumLiquidityEcho([4, 4], Math.LN2, 1, 2, 5).action).toBe(0);
  expect(quantumLiquidityEcho([4], 1, 1, 0, 0)).toMatchObject({ index: 0, action: 0 });
});

it("measures inertia by excess survival", () => {
  const levels = [
    { weight: 2, z: 0, baselineHazard: 0.75 }, // survives 0.5 instead of 0.25: excess 1
    { weight: 9, z: 0, baselineHazard: 1 }, // skipped
  ];
  const pressure = { spread: -1, depth: 1, ofi: -1 };
  expect(obiiFromSurvival(levels, pressure)).toBe(0.5);
  expect(orderBookInertia(levels, pressure, 3, 1)).toEqual({ obii: 0.5, imbalance: 0.5 });
});

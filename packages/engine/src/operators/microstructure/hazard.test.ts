import { describe, expect, it } from "vitest";
import {
  bifurcationHazard,
  clusteringCollapseHazard,
  directionSignal,
  hazardProbability,
  tlbhAlpha,
} from "./hazard.ts";
import { logistic, softplus } from "./logistic.ts";
import { executionCost, impact, resiliencyAlpha } from "./market-impact.ts";

describe("logistic and softplus", () => {
  it("take their known values", () => {
    expect(logistic(0)).toBe(0.5);
    expect(logistic(Math.log(3))).toBeCloseTo(0.75, 15);
    expect(logistic(-Math.log(3))).toBeCloseTo(0.25, 15);
    expect(softplus(0)).toBeCloseTo(Math.LN2, 15);
    expect(softplus(Math.log(3))).toBeCloseTo(Math.log(4), 15);
  });

  it("saturate instead of overflowing", () => {
    expect([logistic(1e6), logistic(-1e6), logistic(Infinity), logistic(-Infinity)]).toEqual([1, 0, 1, 0]);
    expect([softplus(1e6), softplus(-1e6), softplus(Infinity)]).toEqual([1e6, 0, Infinity]);
    expect(logistic(Number.NaN)).toBeNaN();
  });
});

it("measures impact by the square-root law", () => {
  expect(impact(4, 100, 16, 0.5)).toBeCloseTo(0.2 / 4, 15);
  expect(impact(4, 0, 16, 0.5)).toBe(0);
  expect(impact(4, 100, 0, 0.5)).toBe(0);
  expect(resiliencyAlpha(0.5, 2, -0.25, 1)).toBeCloseTo(Math.tanh(1) * -0.25, 15);
  expect(executionCost(0.04, 0.001, 0.05)).toBeCloseTo(0.071, 15);
});

it("adds features with softplus and turned signs", () => {
  const model = { keys: ["a", "b", "c"], softplusKeys: ["a"], negativeKeys: ["c"] };
  const features = { a: 0, b: 2, c: 0.5 };
  // 0.1 + 1*ln 2 + 0.5*2 - 4*0.5
  expect(hazardProbability(features, [0.1, 1, 0.5, 4], model)).toBeCloseTo(logistic(Math.LN2 - 0.9), 15);
  expect(hazardProbability({ a: 1e9, b: 0, c: 0 }, [0, 1, 0, 0], model)).toBe(1);
});

it("gives the two named hazards their features", () => {
  const zeros = { C: 0, Cliff: 0, Gap: 0, CH: 0, RL: 0, Shield: 3, QDT_inv: 0, Pers: 0 };
  const weights = [0, 0, 0, 0, 0, 0, 1, 0, 0];
  expect(clusteringCollapseHazard(zeros, weights)).toBeCloseTo(logistic(-3), 15);
  const tipping = { SkewDot: 0, CancelDot: 0, Gap: 1, Cliff: 0, Shield: 2, QDT_inv: 0, RequoteLag: 0 };
  // ln2 + ln2 + 1 - 2
  expect(bifurcationHazard(tipping, [0, 1, 1, 1, 1, 1, 1, 1])).toBeCloseTo(logistic(2 * Math.LN2 - 1), 15);
});

it("names a missing feature and a wrong number of weights", () => {
  expect(() => hazardProbability({ Clif: 1 }, [0, 1], { keys: ["Cliff"] })).toThrow('feature "Cliff" is needed');
  expect(() => hazardProbability({ a: 1 }, [0], { keys: ["a"] })).toThrow("expected 2 weights");
});

it("points the direction by flow, weighting the aggressive flow only when asked", () => {
  const features = { OFI: -1, MicroSlope: 0.5, AggFlow: 0.25 };
  expect(directionSignal(-1, features, [0.1, 0.2, 0.4, 1])).toBeCloseTo(-Math.tanh(0.35), 15);
  expect(directionSignal(1, features, [0.1, 0.2, 0.4, 1], { weightAggFlowByOfi: true })).toBeCloseTo(
    Math.tanh(-0.15),
    15,
  );
});

it("gives alpha only above the dead zone", () => {
  const weights = { gamma: 2, tau: 0.16, phi: 2 };
  expect(tlbhAlpha(0.5, -1, 3, 0.1, weights)).toBeCloseTo(-0.27 * Math.exp(-0.2), 15);
  expect(tlbhAlpha(0.4, -1, 3, 0.1, weights)).toBeCloseTo(0, 15);
});

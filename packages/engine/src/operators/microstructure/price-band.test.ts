import { expect, it } from "vitest";
import {
  estimateBand,
  ivHvSpread,
  ofiLiquidityGap,
  overshoot,
  pbxDelta,
  volatilitySqueeze,
  volumeSurprise,
} from "./price-band.ts";

it("moves mean and deviation, then places the price in the band", () => {
  // mean 0.5*100 + 0.5*104 = 102, residual 2, variance 0.75*4 + 0.25*4 = 4
  expect(estimateBand(104, 100, 2, 0.5, 0.25, 2)).toEqual({ mean: 102, deviation: 2, upper: 106, lower: 98, pbx: 0.5 });
  expect(estimateBand(100, 100, 0, 0.5, 0.25, 2).pbx).toBe(0);
});

it("measures what lies outside", () => {
  expect(overshoot(-5, 2, 2)).toBe(0.5);
  expect(overshoot(3, 2, 2)).toBe(0);
  expect(overshoot(3, 0, 2)).toBe(0);
});

it("gives the small differences and ratios", () => {
  expect(volumeSurprise(15, 10, 2)).toBe(2.5);
  expect(volumeSurprise(15, 10, 0)).toBe(0);
  expect(pbxDelta(0.75, 0.5)).toBe(0.25);
  expect(ofiLiquidityGap(5, 7)).toBe(-2);
  expect(volatilitySqueeze(1, 4)).toBe(-0.75);
  expect(volatilitySqueeze(1, 0)).toBe(0);
  expect(ivHvSpread(0.5, 0.25)).toBe(0.25);
});

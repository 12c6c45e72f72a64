import { describe, expect, it } from "vitest";
import { ColumnPool } from "../../columns/index.ts";
import { orderBookImbalanceOperator } from "../microstructure/index.ts";
import { applyOperator } from "./apply-operator.ts";
import {
  angle,
  avgVolume,
  priceChange,
  priceDelta,
  rateOfChange,
  rateOfChangeSeries,
  scale,
  stochastic,
  volumeFeatures,
  volumeStats,
} from "./index.ts";

const nan = Number.NaN;

describe("price transforms", () => {
  it("measures change over a period of rows, the last included", () => {
    expect([...applyOperator(rateOfChange, {}, { value: [4, 5, 0, 2] }).value]).toEqual([nan, 0.25, -1, nan]);
    expect([...applyOperator(rateOfChange, { period: 3 }, { value: [4, 5, 6, 10] }).value]).toEqual([nan, nan, 0.5, 1]);
    expect([...applyOperator(priceChange, { period: 3 }, { value: [4, 5, 6, nan, 9] }).value]).toEqual([
      nan,
      nan,
      2,
      nan,
      3,
    ]);
  });

  it("is absent where the reference series functions say 0", () => {
    expect(rateOfChangeSeries([4, 9, 5])).toBe(0.25);
    expect(rateOfChangeSeries([0, 5])).toBe(0);
    expect(rateOfChangeSeries([4])).toBe(0);
    expect(applyOperator(rateOfChange, {}, { value: [0, 5] }).value[1]).toBeNaN();
    expect(priceDelta(3, 5)).toBe(2);
  });

  it("places the last value in its range, 0 when flat", () => {
    const value = [1, 3, 2, 5, 5, 5, nan, 5, 5, 4];
    const { value: position } = applyOperator(stochastic, { period: 3 }, { value });
    expect([...position]).toEqual([nan, nan, 50, 100, 100, 0, nan, nan, nan, 0]);
  });

  it("turns the slope into an angle", () => {
    const { value: degrees } = applyOperator(angle, { period: 3 }, { value: [1, 2, 3, 3, 3] });
    expect(degrees[1]).toBeNaN();
    expect(degrees[2]).toBeCloseTo(45, 12);
    expect(degrees[3]).toBeCloseTo((Math.atan(0.5) * 180) / Math.PI, 12); // least squares of 2, 3, 3
    expect(degrees[4]).toBe(0);
    const offset = applyOperator(angle, { period: 3, radians: true }, { value: [1e9 + 1, 1e9 + 2, 1e9 + 3] });
    expect(offset.value[2]).toBe(Math.atan(1));
  });

  it("scales", () => {
    expect([...applyOperator(scale, {}, { value: [1.5, nan] }).value]).toEqual([3, nan]);
  });
});

describe("volume transforms", () => {
  it("gives mean and population deviation", () => {
    const { volume_hat, volume_std } = applyOperator(volumeFeatures, { period: 4 }, { volume: [2, 4, 4, 6, nan] });
    expect([...volume_hat]).toEqual([nan, nan, nan, 4, nan]);
    expect([...volume_std]).toEqual([nan, nan, nan, Math.SQRT2, nan]);
    expect(volumeStats([2, 4, 4, 6])).toEqual({ mean: 4, stdev: Math.SQRT2 });
    expect(volumeStats([]).mean).toBeNaN();
  });

  it("gives a flat window a deviation of exactly 0", () => {
    const flat = applyOperator(volumeFeatures, { period: 3 }, { volume: [0.1, 0.1, 0.1] });
    expect([flat.volume_hat[2], flat.volume_std[2]]).toEqual([0.1, 0]);
  });

  it("averages", () => {
    expect([...applyOperator(avgVolume, { period: 2 }, { volume: [1, 3, nan, 5, 7] }).value]).toEqual([
      nan,
      2,
      nan,
      nan,
      6,
    ]);
  });
});

it("refuses parameters it does not know and periods without a window", () => {
  expect(() => rateOfChange.resolve({ perod: 3 })).toThrow('rate_of_change has no parameter "perod"');
  expect(() => rateOfChange.resolve({ period: 1 })).toThrow("period must be at least 2");
  expect(() => avgVolume.resolve({})).toThrow("period must be a whole number");
});

it("names a missing column and columns of different length", () => {
  expect(() => applyOperator(scale, {}, {} as { value: number[] })).toThrow('scale reads column "value"');
  const uneven = { bid_size: [1, 2], ask_size: [1] };
  expect(() => applyOperator(orderBookImbalanceOperator, {}, uneven)).toThrow("one length; found 2, 1");
});

it("takes its results from a pool and leaves columns as they are", () => {
  const pool = new ColumnPool();
  const volume = pool.copyOf([1, 3, nan, 5, 7]);
  const { value } = applyOperator(avgVolume, { period: 2 }, { volume }, pool);
  expect([...value]).toEqual([nan, 2, nan, nan, 6]);
  expect([...volume]).toEqual([1, 3, nan, 5, 7]);
  pool.release(value);
  pool.release(volume);
  expect(() => pool.release(value)).toThrow("released once");
});

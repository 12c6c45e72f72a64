import { expect, it } from "vitest";
import {
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
} from "./order-book.ts";

const book = {
  bids: [
    { price: 100, size: 6 },
    { price: 99, size: 2 },
  ],
  asks: [
    { price: 101, size: 2 },
    { price: 102, size: 2 },
  ],
};

it("normalises the difference of two sizes, and calls an empty pair balanced", () => {
  expect(orderBookImbalance(3, 1)).toBe(0.5);
  expect(executionImbalance(1, 3)).toBe(-0.5);
  expect(orderBookImbalance(0, 0)).toBe(0);
  expect(orderBookImbalance(Number.NaN, 1)).toBeNaN();
});

it("sums the first levels of each side, whatever the form of a level", () => {
  expect(bookDepth(book, 1)).toEqual({ bidDepth: 6, askDepth: 2 });
  expect(bookDepth(book, 5)).toEqual({ bidDepth: 8, askDepth: 4 });
  expect(bookDepth({ bids: [[100, 6], [4], 1], asks: [] }, 3)).toEqual({ bidDepth: 11, askDepth: 0 });
});

it("gives the imbalance over levels and of each level", () => {
  expect(orderBookObi(book)).toBeCloseTo(4 / 8, 8);
  expect(orderBookObi(book, 2)).toBeCloseTo(4 / 12, 8);
  expect(orderBookObi({ bids: [], asks: [] })).toBe(0);
  expect(orderBookImbalanceLevels(book, 3)).toEqual([0.5, 0, Number.NaN]);
});

it("fits the slope of cumulative depth: 2, 5, 9 on 1, 2, 3 rises 3.5 per level", () => {
  expect(orderBookDepthSlope([2, 3, 4])).toBe(3.5);
  expect(orderBookDepthSlope([2])).toBeNaN();
});

it("weights the spread of each level by its size", () => {
  // (101-100)*8 + (103-99)*4 = 24 over 12
  expect(gapDepthWeightedSum([100, 99], [101, 103], [6, 2], [2, 2])).toBe(2);
  expect(gapDepthWeightedSum([100, Number.NaN], [101, 103], [6, 0], [2, 0])).toBe(1);
  expect(gapDepthWeightedSum([100], [101], [0], [0])).toBeNaN();
});

it("ranks an order in its queue", () => {
  expect(priorityIndex(0, 8)).toBe(1);
  expect(priorityIndex(2, 8)).toBe(0.75);
  expect(priorityIndex(9, 8)).toBe(0);
  expect(priorityIndex(-1, 8)).toBe(1);
  expect(priorityIndex(0, 0)).toBeNaN();
});

it("places the price between bid and ask", () => {
  expect(microPrice(100, 102, 0.25)).toBe(100.5);
  // a heavy bid pushes towards the ask: (102*3 + 100*1) / 4
  expect(sizeWeightedMicroprice(100, 102, 3, 1)).toBeCloseTo(101.5, 6);
});

it("turns an imbalance into a weight", () => {
  expect(imbalanceToWeight(0)).toBe(0.5);
  expect(imbalanceToWeight(0.5)).toBe(0.75);
  expect(imbalanceToWeight(1)).toBe(0.95); // clamped to 0.9
  expect(imbalanceToWeight(0.5, { slope: 4 })).toBe(1);
  expect(imbalanceToWeight(0.5, { method: "logistic", slope: 2 })).toBeCloseTo(1 / (1 + Math.exp(-1)), 15);
  expect(logisticOrderBookWeight(3, 1, { slope: 2 })).toBeCloseTo(1 / (1 + Math.exp(-1)), 15);
  expect(() => imbalanceToWeight(0, { method: "cubic" as "linear" })).toThrow('method must be "linear" or "logistic"');
});

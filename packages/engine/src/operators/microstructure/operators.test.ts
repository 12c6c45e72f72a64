import { describe, expect, it } from "vitest";
import { applyOperator } from "../transforms/apply-operator.ts";
import {
  conditionalEntryFilter,
  depth,
  depthChange,
  executionImbalanceOperator,
  gapDepthWeightedSumOperator,
  hazardRatio,
  imbalanceToWeightOperator,
  logistic,
  logisticOrderBookImbalance,
  micropriceImbalance,
  microPriceOperator,
  obiRegime,
  orderBookDepthSlopeOperator,
  orderBookImbalanceLevelsOperator,
  orderBookImbalanceOperator,
  orderBookObiEma,
  orderBookObiLAndSlope,
  orderBookObiOperator,
  orderFlowImbalance,
  priceBand,
  priorityIndexOperator,
  spreadZscore,
} from "./index.ts";

const nan = Number.NaN;

describe("flow operators", () => {
  it("normalise differences; absent where nothing is there", () => {
    const [a, b] = [
      [3, 0, 1, nan],
      [1, 0, 3, 1],
    ];
    const expected = [0.5, nan, -0.5, nan];
    expect([...applyOperator(orderBookImbalanceOperator, {}, { bid_size: a, ask_size: b }).value]).toEqual(expected);
    expect([...applyOperator(executionImbalanceOperator, {}, { buy_volume: a, sell_volume: b }).value]).toEqual(
      expected,
    );
    expect([...applyOperator(orderFlowImbalance, {}, { buy: a, sell: b }).value]).toEqual(expected);
  });

  it("rate events per population", () => {
    const columns = { event_count: [1, 1, 1, nan], population: [4, 0, -1, 4] };
    expect([...applyOperator(hazardRatio, {}, columns).value]).toEqual([0.25, nan, nan, nan]);
  });

  it("score the last spread; absent in a flat window", () => {
    // spreads 1, 3: mean 2, deviation 1; then 3, 3
    const columns = { bid: [10, 10, 10, 10], ask: [11, 13, 13, nan] };
    expect([...applyOperator(spreadZscore, { period: 2 }, columns).value]).toEqual([nan, 1, nan, nan]);
    const flat = { bid: [0.1, 0.1, 0.1], ask: [0.3, 0.3, 0.3] };
    expect(applyOperator(spreadZscore, { period: 3 }, flat).value[2]).toBeNaN();
  });

  it("rank an order in its queue", () => {
    const columns = { queue_rank: [0, 2, 9, 1], queue_size: [8, 8, 8, 0] };
    expect([...applyOperator(priorityIndexOperator, {}, columns).value]).toEqual([1, 0.75, 0, nan]);
  });

  it("lean the microprice to the thin side", () => {
    const columns = { bid: [100, 100], ask: [102, 102], bid_size: [3, 0], ask_size: [1, 0] };
    const { microprice, imbalance } = applyOperator(micropriceImbalance, { eps: 0 }, columns);
    expect([...microprice]).toEqual([101.5, nan]);
    expect([...imbalance]).toEqual([0.5, nan]);
    expect([...applyOperator(microPriceOperator, {}, { bid: [100], ask: [102], weight: [0.25] }).value]).toEqual([
      100.5,
    ]);
  });

  it("weigh an imbalance", () => {
    expect([...applyOperator(imbalanceToWeightOperator, {}, { imbalance: [0, 1, nan] }).value]).toEqual([
      0.5,
      0.95,
      nan,
    ]);
    const { value } = applyOperator(logisticOrderBookImbalance, { slope: 2 }, { bid_size: [3, 0], ask_size: [1, 0] });
    expect([...value]).toEqual([logistic(1), nan]);
  });

  it("filter entries by any or all conditions", () => {
    const columns = { imbalance: [0.3, 0.3, 0, 0, nan], priority: [0.6, 0.4, 0.6, 0.4, 0.6] };
    expect([...applyOperator(conditionalEntryFilter, {}, columns).value]).toEqual([1, 0, 0, 0, nan]);
    expect([...applyOperator(conditionalEntryFilter, { mode: "any" }, columns).value]).toEqual([1, 1, 1, 0, nan]);
    const band = { imbalance: [-0.25, 0.25, 0.24], priority: [1, 0.5, 1] };
    expect([...applyOperator(conditionalEntryFilter, {}, band).value]).toEqual([1, 1, 0]);
  });
});

describe("book operators", () => {
  // row 0: full book; row 1: one level only; row 2: no book; row 3: empty ask side; row 4: empty book
  const sizes = {
    bid_size_0: [6, 3, nan, 4, 0],
    bid_size_1: [2, nan, nan, 4, 0],
    ask_size_0: [2, 1, 1, 0, 0],
    ask_size_1: [2, nan, 1, nan, 0],
  };

  it("sum depth; a level the book lacks is empty, a best level that is absent is absent", () => {
    const { bid_depth, ask_depth } = applyOperator(depth(2), {}, sizes);
    expect([...bid_depth]).toEqual([8, 3, nan, 8, 0]);
    expect([...ask_depth]).toEqual([4, 1, 2, 0, 0]);
    expect([...applyOperator(depthChange(2), {}, sizes).value]).toEqual([nan, -8, nan, nan, -8]);
  });

  it("give imbalance over levels and per level", () => {
    expect([...applyOperator(orderBookObiOperator(2), { eps: 0 }, sizes).value]).toEqual([4 / 12, 0.5, nan, 1, 0]);
    const levels = applyOperator(orderBookImbalanceLevelsOperator(2), {}, sizes);
    expect([...levels["level_0"]!]).toEqual([0.5, 0.5, nan, 1, nan]);
    expect([...levels["level_1"]!]).toEqual([0, nan, nan, 1, nan]);
  });

  it("smooth the imbalance recursively, through gaps", () => {
    // weight 2/3: 1/3, then 2/3*1/2 + 1/3*1/3 = 4/9, then 2/3*1 + 1/3*4/9
    const { value } = applyOperator(orderBookObiEma(2), { eps: 0, emaPeriod: 2 }, sizes);
    expect(value[0]).toBeNaN();
    expect(value[1]).toBeCloseTo(4 / 9, 14);
    expect(value[2]).toBeNaN();
    expect(value[3]).toBeCloseTo(2 / 3 + 4 / 27, 14);
  });

  it("fit the slope of cumulative depth", () => {
    const { bid_slope, ask_slope } = applyOperator(orderBookDepthSlopeOperator(2), {}, sizes);
    expect([...bid_slope]).toEqual([2, 0, nan, 4, 0]); // the second level's size: 6, 8 rises 2
    expect([...ask_slope]).toEqual([2, 0, nan, 0, 0]);
    const both = applyOperator(orderBookObiLAndSlope(2), { eps: 0 }, sizes);
    expect([...both.obi]).toEqual([4 / 12, 0.5, nan, 1, 0]);
    expect(both.bid_slope).toEqual(bid_slope);
    expect(both.ask_slope).toEqual(ask_slope);
  });

  it("weight spreads by size", () => {
    const prices = {
      bid_price_0: [100, 100, nan],
      bid_price_1: [99, nan, 99],
      ask_price_0: [101, 101, 101],
      ask_price_1: [103, nan, 103],
    };
    const at = { bid_size_0: [6, 6, 6], bid_size_1: [2, nan, 2], ask_size_0: [2, 2, 2], ask_size_1: [2, 0, 2] };
    const { value } = applyOperator(gapDepthWeightedSumOperator(2), {}, { ...prices, ...at });
    expect([...value]).toEqual([2, 1, nan]);
    const none = { bid_price_0: [1], ask_price_0: [2], bid_size_0: [0], ask_size_0: [0] };
    expect(applyOperator(gapDepthWeightedSumOperator(), {}, none).value[0]).toBeNaN();
  });

  it("tie the level count to the definition", () => {
    expect(depth(3).resolve({})).toEqual({ levels: 3 });
    expect(() => depth(3).resolve({ levels: 2 })).toThrow("levels must be 3");
    expect(() => depth(0)).toThrow("levels must be a whole number");
    expect(() => orderBookDepthSlopeOperator(1)).toThrow("at least 2 levels");
  });
});

describe("obi regime", () => {
  const minute = 60_000;
  const run = (imbalance: number[], params: Record<string, number> = {}, stepMs = minute) =>
    applyOperator(obiRegime, params, { imbalance, time: imbalance.map((_, row) => row * stepMs) });

  it("leaves a state only after coming back past the hysteresis", () => {
    const { state, dwell_ms } = run([0.29, 0.3, 0.26, 0.25, -0.3, -0.26, -0.25, nan, 0.9]);
    expect([...state]).toEqual([0, 1, 1, 0, -1, -1, 0, nan, 1]);
    expect([...dwell_ms]).toEqual([0, 0, minute, 0, 0, minute, 0, nan, 0]);
  });

  it("calls steady pressure a trend and flicker a reversion", () => {
    const steady = run(Array.from({ length: 20 }, () => 0.6));
    expect(steady.score.at(-1)).toBe(1); // strength 2, no transition, no deviation
    expect(steady.regime.at(-1)).toBe(1);
    // +-0.3 every second: 60 transitions a minute, strength 1, deviation 0.3: 1 - 60/10 - 0.3/1.2, cut at -1
    const flicker = run(
      Array.from({ length: 601 }, (_, row) => (row % 2 === 0 ? 0.3 : -0.3)),
      {},
      1_000,
    );
    expect(flicker.transitions_per_min.at(-1)).toBe(60);
    expect(flicker.score.at(-1)).toBe(-1);
    expect(flicker.regime.at(-1)).toBe(-1);
  });

  it("scores by hand", () => {
    // |0.3|, |0.15| over 300 s: strength 0.75, one transition in one minute, deviation 0.075
    const { score, regime, transitions_per_min } = run([0.3, 0.15]);
    expect(transitions_per_min[1]).toBe(1);
    expect(score[1]).toBeCloseTo(0.75 - 1 / 7.5 - 0.075 / 1.2, 14);
    expect(regime[1]).toBe(1);
  });

  it("forgets what left the window", () => {
    const { transitions_per_min } = run([0.9, 0, 0, 0, 0, 0, 0, 0]);
    expect(transitions_per_min[5]).toBe(1 / 5);
    expect(transitions_per_min[6]).toBe(0); // the change at minute 1 is 300 s old
  });

  it("smooths when asked, and refuses crossed limits", () => {
    expect([...run([0, 0.4], { emaSpan: 3 }).state]).toEqual([0, 0]);
    expect(() => obiRegime.resolve({ hi: -0.4 })).toThrow("lo must be below hi");
  });
});

it("carries the price band along", () => {
  const { mean, deviation, pbx, upper } = applyOperator(
    priceBand,
    { meanRate: 0.5, deviationRate: 0.25, width: 2 },
    { price: [100, nan, 104, 102] },
  );
  expect([...mean]).toEqual([100, nan, 102, 102]);
  // variance 0.25*4 = 1, then 0.75*1
  expect([...deviation]).toEqual([0, nan, 1, Math.sqrt(0.75)]);
  expect([...pbx]).toEqual([0, nan, 1, 0]);
  expect(upper[2]).toBe(104);
});

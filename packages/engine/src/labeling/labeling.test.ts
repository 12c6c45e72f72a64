import { describe, expect, it } from "vitest";
import {
  compositeHorizon,
  estimateHalfLife,
  eventCountHorizon,
  fixedBpsCostModel,
  halfLifeHorizon,
  metaLabel,
  readSide,
  touchedBarrier,
  TripleBarrierLabeler,
  tripleBarrierLabels,
  volatilityScaledBarrierSpec,
} from "./index.ts";

const minute = 60_000;

describe("barriers", () => {
  it("stand some volatilities away, mirrored for a short", () => {
    const common = { price: 100, sigma: 0.02, profitMultiplier: 2, stopMultiplier: 1, frozenAtMs: 5 };
    const long = { profitTarget: 104, stopLoss: 98, mode: "price", frozenAtMs: 5 };
    expect(volatilityScaledBarrierSpec({ ...common, side: "buy" })).toEqual(long);
    expect(volatilityScaledBarrierSpec({ ...common, side: "short" })).toEqual({
      ...long,
      profitTarget: 96,
      stopLoss: 102,
    });
    expect(volatilityScaledBarrierSpec({ ...common, side: "long", mode: "return", stopMultiplier: null })).toEqual({
      profitTarget: 0.04,
      stopLoss: null,
      mode: "return",
      frozenAtMs: 5,
    });
    expect(() => volatilityScaledBarrierSpec({ ...common, sigma: -1, side: "long" })).toThrow(
      "sigma must be a finite number",
    );
    expect(() => readSide("up")).toThrow('side must be "long" or "short"; found "up"');
  });

  it("are touched net of cost, in price or return", () => {
    const price = { mode: "price", profitTarget: 104, stopLoss: 98 } as const;
    expect(touchedBarrier(price, "long", 100, 104, 0)).toBe("profit_target");
    expect(touchedBarrier(price, "long", 100, 104, 0.01)).toBeNull();
    expect(touchedBarrier(price, "long", 100, 99, 0.01)).toBe("stop_loss");
    const short = { mode: "price", profitTarget: 96, stopLoss: 102 } as const;
    expect(touchedBarrier(short, "short", 100, 96, 0.01)).toBeNull();
    expect(touchedBarrier(short, "short", 100, 95, 0.01)).toBe("profit_target");
    expect(touchedBarrier(short, "short", 100, 101, 0.01)).toBe("stop_loss");
    const fraction = { mode: "return", profitTarget: 0.25, stopLoss: 0.125 } as const;
    expect(touchedBarrier(fraction, "short", 100, 75, 0)).toBe("profit_target");
    expect(touchedBarrier(fraction, "short", 100, 112.5, 0)).toBe("stop_loss");
    expect(touchedBarrier(fraction, "long", 100, 100, 0.125)).toBe("stop_loss");
  });
});

describe("triple barrier", () => {
  const barrier = { profitTarget: 0.25, stopLoss: 0.125, mode: "return" } as const;

  it("labels by what comes first, with returns gross and net", () => {
    const labels = tripleBarrierLabels(
      [
        { timeMs: 0, price: 100, side: "long", entryId: "a" },
        { timeMs: minute, price: 100, side: "short", entryId: "b" },
      ],
      [
        { timeMs: 0, price: 500 }, // not later than the entry
        { timeMs: minute, price: 110 },
        { timeMs: 2 * minute, price: 112.5 },
        { timeMs: 3 * minute, price: 130 },
      ],
      { barrier, costModel: fixedBpsCostModel(100, 50) },
    );
    expect(labels.map(({ entryId, outcome, bars }) => [entryId, outcome, bars])).toEqual([
      ["b", "stop_loss", 1],
      ["a", "profit_target", 3],
    ]);
    expect(labels[1]).toMatchObject({ pnlGross: 0.3, cost: 0.01, minEdge: 0.005, resolvedTimeMs: 3 * minute });
    expect(labels[1]!.pnlNet).toBeCloseTo(0.285, 15);
    expect(labels[1]!.costModelId).toBe("fixed_bps(100,50)");
  });

  it("marks a stop that is due to cost alone", () => {
    const options = { barrier, costModel: fixedBpsCostModel(200) };
    const [label] = tripleBarrierLabels([{ timeMs: 0, price: 100, side: "long" }], [{ timeMs: 1, price: 89 }], options);
    expect(label).toMatchObject({ outcome: "stop_loss", outcomeGross: null, netOnlyStop: true, pnlGross: -0.11 });
  });

  it("times out by bars or by duration, the barrier first", () => {
    const label = (horizon: object, prices: number[]) =>
      tripleBarrierLabels(
        [{ timeMs: 0, price: 100, side: "long" }],
        prices.map((price, row) => ({ timeMs: (row + 1) * minute, price })),
        { barrier, horizon },
      )[0];
    expect(label({ maxBars: 2 }, [101, 102, 103])).toMatchObject({ outcome: "timeout", bars: 2, outcomeGross: null });
    expect(label({ maxDurationMs: 3 * minute }, [101, 102, 103])).toMatchObject({ outcome: "timeout", bars: 3 });
    expect(label({ maxBars: 1 }, [130])!.outcome).toBe("profit_target");
    expect(label({ maxBars: 5 }, [101])).toBeUndefined();
  });

  it("counts only prices of the entry's symbol", () => {
    const labeler = new TripleBarrierLabeler({ barrier });
    labeler.enter({ timeMs: 0, price: 100, side: "long", symbol: "BTC" });
    const id = labeler.enter({ timeMs: 0, price: 100, side: "long" });
    expect(id).toBe("entry-1970-01-01T00:00:00.000Z-1");
    expect(labeler.observe({ timeMs: 1, price: 200, symbol: "ETH" })).toEqual([]);
    expect(labeler.observe({ timeMs: 1, price: 200, symbol: "BTC" })[0]!.entryId).toBe(
      "BTC-1970-01-01T00:00:00.000Z-0",
    );
    expect(labeler.openCount).toBe(1);
    expect(labeler.observe({ timeMs: 1, price: Number.NaN })).toEqual([]);
    expect(labeler.observe({ timeMs: 2, price: 200 })).toHaveLength(1);
    expect(labeler.openCount).toBe(0);
  });

  it("refuses what would make a label wrong", () => {
    const labeler = new TripleBarrierLabeler({ barrier });
    const entry = { timeMs: 7, price: 100, side: "long", entryId: "x" } as const;
    labeler.enter(entry);
    expect(() => labeler.enter(entry)).toThrow('entry id "x" is open already');
    expect(() => labeler.enter({ ...entry, price: 0 })).toThrow("entry price must be above 0");
    expect(() => labeler.enter(entry, { barrier: { ...barrier, frozenAtMs: 8 } })).toThrow(
      "frozen at the entry's time 7; found 8",
    );
    expect(() => labeler.enter(entry, { horizon: { maxBars: 0, maxDurationMs: null, frozenAtMs: 7 } })).toThrow(
      "maxBars must be above 0",
    );
    expect(() => labeler.enter(entry, { barrier: { ...barrier, stopLoss: -1, frozenAtMs: 7 } })).toThrow(
      "stopLoss must be at least 0",
    );
    expect(() => new TripleBarrierLabeler().enter(entry)).toThrow("needs a barrier or a horizon");
    expect(() => fixedBpsCostModel(-1)).toThrow("totalCostBps must be a finite number, at least 0");
  });
});

describe("horizons", () => {
  it("estimate the half-life of a decay that halves every row as one row", () => {
    expect(estimateHalfLife([8, 4, 2, 1])).toBeCloseTo(1, 12);
    expect(estimateHalfLife([1e6 + 8, 1e6 + 4, 1e6 + 2, 1e6 + 1])).toBeCloseTo(1, 9); // to a mean of a million
    expect(() => estimateHalfLife([1, 2])).toThrow("at least 3 values");
    expect(() => estimateHalfLife([3, 3, 3])).toThrow("found a flat series");
    expect(() => estimateHalfLife([1, 2, 4, 8])).toThrow("does not revert");
    expect(() => estimateHalfLife([1, -1, 1, -1])).toThrow("does not revert");
  });

  it("resolve to events, or to a duration when the event length is known", () => {
    const context = { entryTimeMs: 9, history: [8, 4, 2, 1] };
    const estimator = () => 2.5;
    const bars = (maxBars: number) => ({ maxBars, maxDurationMs: null, frozenAtMs: 9 });
    expect(eventCountHorizon(5)(context)).toEqual(bars(5));
    expect(halfLifeHorizon({ multiplier: 3, minEvents: 2 })(context)).toEqual(bars(3));
    expect(halfLifeHorizon({ estimator })(context)).toEqual(bars(3));
    expect(halfLifeHorizon({ estimator, minEvents: 10 })(context)).toEqual(bars(10));
    expect(halfLifeHorizon({ estimator, multiplier: 10, maxEvents: 20 })(context)).toEqual(bars(20));
    const timed = { ...context, eventLengthMs: minute };
    expect(halfLifeHorizon({ estimator })(timed)).toEqual({ maxBars: null, maxDurationMs: 3 * minute, frozenAtMs: 9 });
    expect(() => halfLifeHorizon({ minEvents: 3, maxEvents: 2 })).toThrow("maxEvents must not be below minEvents 3");
    expect(() => eventCountHorizon(0)).toThrow("maxEvents must be a whole number from 1");
  });

  it("join", () => {
    const context = { entryTimeMs: 0, eventLengthMs: minute };
    const [five, three] = [eventCountHorizon(5), halfLifeHorizon({ estimator: () => 3 })];
    const duration = { maxBars: null, maxDurationMs: 3 * minute, frozenAtMs: 0 };
    expect(compositeHorizon([five, three], "min")(context)).toEqual(duration);
    expect(compositeHorizon([five, three], "priority")(context).maxBars).toBe(5);
    expect(compositeHorizon([five, three], "first_expiry")(context)).toEqual({ ...duration, maxBars: 5 });
    const timed = () => duration;
    expect(() => compositeHorizon([five, timed], "min")({ entryTimeMs: 0 })).toThrow("cannot be compared");
    expect(() => compositeHorizon([], "min")).toThrow("at least one resolver");
  });
});

it("asks in the meta label whether acting was right", () => {
  const label = { entryId: "a", side: "long", outcome: "profit_target" } as const;
  expect(metaLabel(label, { entryDecision: 1, side: "buy" })).toEqual({
    entryId: "a",
    label: 1,
    reason: "profit_target",
  });
  expect(metaLabel({ ...label, outcome: "timeout" }, { entryDecision: 1, side: "long" })).toMatchObject({
    label: 0,
    reason: "timeout",
  });
  expect(metaLabel(label, { entryDecision: 0, side: "long" })).toMatchObject({ label: 0, reason: "entry_filtered" });
  expect(() => metaLabel(label, { entryDecision: 0.5, side: "long" })).toThrow(
    "entryDecision must be 0 or 1; found 0.5",
  );
  expect(() => metaLabel(label, { entryDecision: 1, side: "short" })).toThrow('side must be that of the label, "long"');
});

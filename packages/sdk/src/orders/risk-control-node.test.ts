import { expect, it } from "vitest";
import { OrderPublishNode, RiskControlNode, type RiskControlOptions } from "./index.ts";
import { OrderBench, throughStage, type BenchOptions } from "./testing/order-bench.ts";

// Equity 100,000, price 100: 10 % are 100 units.
const limited = { positionSizeLimitPercent: 0.1 };

function account(options: RiskControlOptions, bench: BenchOptions = {}) {
  let risk!: RiskControlNode;
  const made = new OrderBench((signal) => {
    risk = new RiskControlNode(signal, options);
    return [risk, new OrderPublishNode(risk)];
  }, bench);
  return { bench: made, records: () => made.recordsOf(risk) };
}

const through = (payload: object, options: RiskControlOptions) =>
  throughStage((signal) => new RiskControlNode(signal, options), payload as never);

it("hands a cut order on instead of refusing it", () => {
  const { bench, records } = account(limited);
  bench.close([100], [{ side: "BUY", quantity: 150, tag: "x" }]).close([100]);
  expect(records()).toEqual([
    {
      side: "BUY",
      quantity: 100,
      tag: "x",
      risk_adjusted: true,
      risk_violation: "position_size",
      risk_severity: "high",
    },
  ]);
  expect(bench.broker.account.position(0).quantity).toBe(100);
});

it("leaves an order within the limits as it is", () => {
  expect(through({ side: "SELL", quantity: 100 }, limited)).toEqual({ side: "SELL", quantity: 100 });
  expect(through({ target_percent: 0.05 }, limited)).toEqual({ target_quantity: 50 });
});

it("refuses what nothing is left of, with the limit as the reason", () => {
  expect(through({ side: "BUY", quantity: 150 }, { ...limited, enableDynamicSizing: false })).toMatchObject({
    rejected: true,
    reason: "risk_position_size",
    risk_severity: "high",
    detail: "position_size would be 0.15, at most 0.1 may be",
  });
  const { bench, records } = account(limited);
  bench.close(
    [100],
    [
      { side: "BUY", quantity: 100 },
      { side: "BUY", quantity: 1 },
    ],
  ); // the first one is under way
  expect(records().map((record) => record["reason"] ?? "passed")).toEqual(["passed", "risk_position_size"]);
  bench.close([100], [{ side: "SELL", quantity: 300 }]);
  expect(records().at(-1)).toMatchObject({ side: "SELL", quantity: 200, risk_adjusted: true }); // out, and 100 short
  expect(through({ side: "BUY" }, limited)).toMatchObject({ reason: "invalid_order" });
});

it("cuts targets to what may be held", () => {
  expect(through({ target_percent: -0.3 }, limited)).toMatchObject({ target_quantity: -100, risk_adjusted: true });
});

it("counts a sale at no less than the market pays", () => {
  const sale = { side: "SELL", quantity: 150, type: "limit", limit_price: 50 }; // fills at 100
  expect(through(sale, limited)).toMatchObject({ quantity: 100, risk_adjusted: true });
});

it("counts resting orders, and lets a target replace a target", () => {
  const { bench, records } = account(limited);
  const resting = { side: "BUY", quantity: 60, type: "limit", limit_price: 50 };
  bench.close([100], [resting, resting]);
  // At their limit 100 % of the room are 200 units.
  expect(records().map((record) => record["quantity"])).toEqual([60, 60]);
  bench.close([100], [{ side: "BUY", quantity: 60 }]);
  expect(records().at(-1)).toMatchObject({ rejected: true });
  const targets = account(limited);
  targets.bench.close([100], [{ target_quantity: 80 }, { target_quantity: 90 }]).close([100]);
  expect(targets.records()).toEqual([{ target_quantity: 80 }, { target_quantity: 90 }]);
  expect(targets.bench.broker.account.position(0).quantity).toBe(90);
});

it("holds leverage over all instruments", () => {
  const options = { positionSizeLimitPercent: null, maxConcentrationPercent: null, maxLeverage: 1 };
  const { bench, records } = account(options, { instruments: [{ symbol: "A" }, { symbol: "B" }] });
  bench.close(
    [100, 100],
    [
      { symbol: "A", quantity: -700 },
      { symbol: "B", quantity: 700 },
    ],
  );
  expect(records().map((record) => record["quantity"])).toEqual([700, 300]);
});

it("stops opening in a drawdown, and says so after a cut as before it", () => {
  const options = { positionSizeLimitPercent: null, maxConcentrationPercent: null, maxDrawdownPercent: 0.15 };
  const run = (cut: boolean) => {
    const { bench, records } = account(options);
    bench
      .close([100], [{ side: "BUY", quantity: 500 }])
      .close([100])
      .close([60]); // 80,000 left of 100,000
    if (cut) bench.cut();
    bench.close(
      [60],
      [
        { side: "BUY", quantity: 1 },
        { side: "SELL", quantity: 500 },
      ],
    );
    return records().map((record) => record["reason"] ?? "passed");
  };
  expect(run(false)).toEqual(["passed", "risk_drawdown", "passed"]);
  expect(run(true)).toEqual(run(false));
});

it("waits for a price", () => {
  const { bench, records } = account(limited, { instruments: [{ symbol: "A" }, { symbol: "B" }] });
  bench.close([100, undefined], [{ symbol: "B", quantity: 1 }]);
  expect(records()).toEqual([expect.objectContaining({ rejected: true, reason: "price_unknown" })]);
});

it("has its limits in its identity", () => {
  const idOf = (options: RiskControlOptions) =>
    new OrderBench((signal) => new RiskControlNode(signal, options)).graph.nodes.at(-1)!.id;
  expect(idOf({ maxLeverage: 2 })).not.toBe(idOf({}));
  expect(idOf({ maxLeverage: 3 })).toBe(idOf({})); // the default, said aloud
  expect(() => idOf({ maxLevrage: 2 } as never)).toThrow(
    expect.objectContaining({ hint: 'did you mean "maxLeverage"?' }),
  );
});

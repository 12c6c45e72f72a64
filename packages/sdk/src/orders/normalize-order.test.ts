import { expect, it } from "vitest";
import {
  normalizeOrderIntent,
  OrderPublishNode,
  toOrderPayloads,
  TradeOrderPublisherNode,
  tradeSignal,
} from "./index.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import { OrderBench, throughStage } from "./testing/order-bench.ts";

it.each([
  [
    { action: "BUY", size: 2 },
    { side: "BUY", quantity: 2 },
  ],
  [{ action: "sell" }, { side: "SELL", quantity: 1 }],
  [
    { action: -1, size: 3, stop_loss: 90 },
    { side: "SELL", quantity: 3, stop_loss: 90 },
  ],
  [
    { action: "BUY", percent: 0.5 },
    { side: "BUY", percent: 0.5 },
  ],
  [
    { side: "buy", quantity: 1, order_type: "limit", price: 9, tif: "IOC" },
    { side: "BUY", quantity: 1, type: "limit", price: 9, limit_price: 9, time_in_force: "IOC" },
  ],
  [{ quantity: -4 }, { side: "SELL", quantity: 4 }],
  [{ value: 500 }, { side: "BUY", value: 500 }],
  [
    { percent: -0.25, symbol: null },
    { side: "SELL", percent: 0.25 },
  ],
  [{ target_percent: -0.25 }, { target_percent: -0.25 }],
  [{ target_quantity: 0 }, { target_quantity: 0 }],
])("reads %j as %j, and that again as itself", (payload, order) => {
  expect(normalizeOrderIntent(payload)).toEqual(order);
  expect(normalizeOrderIntent(order)).toEqual(order);
});

it.each([[{ action: "HOLD", size: 5 }], [{ action: 0 }], [{ quantity: 0 }], [{ side: "BUY", percent: 0 }]])(
  "sees nothing to do in %j",
  (payload) => expect(normalizeOrderIntent(payload)).toBeUndefined(),
);

it("refuses an action that is none", () => {
  expect(() => normalizeOrderIntent({ action: "SHORT" })).toThrow('action must be BUY, SELL or HOLD; found "SHORT"');
});

it("publishes signals as orders with the time of their bucket", () => {
  const make = (signal: never) => new TradeOrderPublisherNode(signal);
  expect(throughStage(make as never, { action: "BUY", size: 2, take_profit: 120 })).toEqual({
    side: "BUY",
    quantity: 2,
    take_profit: 120,
    timestamp: Date.UTC(2024, 0, 2),
  });
  expect(throughStage(make as never, { action: "HOLD", size: 2 })).toBeUndefined();
});

it("gives a trade signal an identity that holds its thresholds", () => {
  const alpha = new StreamInput({ fields: ["value"], interval: "1m" });
  const signal = tradeSignal(alpha, { longThreshold: 0.5, shortThreshold: -0.5, size: 2, stopLoss: 90 });
  expect(signal.params).toEqual({
    longThreshold: 0.5,
    shortThreshold: -0.5,
    size: 2,
    stopLoss: 90,
    takeProfit: null,
  });
  expect(() => tradeSignal(alpha, { longThreshold: -1, shortThreshold: 1 })).toThrow("must not be above");
});

it("turns targets into what is missing to them", () => {
  let publish!: OrderPublishNode;
  const bench = new OrderBench((signal) => (publish = new OrderPublishNode(signal)));
  const targets = toOrderPayloads([{ symbol: "A", targetQty: 5, reason: "enter" }], { A: 100, B: 3 });
  expect(targets).toEqual([{ symbol: "A", target_quantity: 5, price: 100, reason: "enter" }]);
  bench
    .close([100], targets)
    .close([100], targets)
    .close([100], [{ target_quantity: -2 }])
    .close([100]);
  expect(bench.broker.fills.toArray().map(({ side, quantity }) => [side, quantity])).toEqual([
    ["BUY", 5],
    ["SELL", 7],
  ]);
  expect(bench.recordsOf(publish)).toHaveLength(2); // the target that was held already sent nothing
  expect(() => toOrderPayloads([{ symbol: "A", targetQty: 1, targetPercent: 1 }])).toThrow("needs one of");
  expect(() => toOrderPayloads([{ symbol: "A" }])).toThrow("needs one of");
});

it("names a field that no order has", () => {
  const bench = new OrderBench((signal) => new OrderPublishNode(signal));
  const order = { side: "BUY", quantity: 1, limit_prise: 9 };
  expect(() => bench.close([100], [order])).toThrow(
    expect.objectContaining({ code: "ORDER_INVALID", hint: 'did you mean "limit_price"?' }),
  );
});

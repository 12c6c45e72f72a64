import { describe, expect, it } from "vitest";
import { checkFillEvent, checkOrderAck, checkOrderPayload, checkPortfolioSnapshot } from "./index.ts";

const order = {
  world_id: "w1",
  strategy_id: "s1",
  correlation_id: "c1",
  symbol: "BTCUSDT",
  side: "BUY",
  type: "limit",
  quantity: "0.10",
  time_in_force: "GTC",
  timestamp: 1_700_000_000_000,
  limit_price: 30_000.5,
  reduce_only: true,
};
const ack = { order_id: "o1", status: "partially_filled", broker: "paper" };
const fill = {
  order_id: "o1",
  symbol: "BTCUSDT",
  side: "SELL",
  quantity: 0.1,
  price: "-37.63", // crude oil, 20 April 2020
  commission: "-0.01",
  slippage: 0,
  market_impact: "0",
  tif: "IOC",
  fill_time: 1_700_000_000_123,
  status: "filled",
  seq: 0,
  etag: "e1",
};
const snapshot = {
  world_id: "w1",
  as_of: 1_700_000_000_000,
  cash: "-12.50",
  positions: { BTCUSDT: { qty: "-1", avg_cost: 30_000, mark: "29999.9" } },
  metrics: { exposure: "0.5", leverage: 1 },
};

const cases = { order, ack, fill, snapshot };
const checks = {
  order: checkOrderPayload,
  ack: checkOrderAck,
  fill: checkFillEvent,
  snapshot: checkPortfolioSnapshot,
} as Record<keyof typeof cases, (value: unknown) => unknown>;

describe("order contracts", () => {
  it.each(Object.keys(cases) as (keyof typeof cases)[])("take a good %s and give it back as it is", (name) => {
    expect(checks[name](cases[name])).toBe(cases[name]);
  });

  const required = {
    order: "world_id strategy_id correlation_id symbol side type quantity time_in_force timestamp",
    ack: "order_id status broker",
    fill: "order_id symbol side quantity price commission slippage market_impact tif fill_time status seq etag",
    snapshot: "world_id as_of cash positions",
  };
  for (const [name, fields] of Object.entries(required) as [keyof typeof cases, string][]) {
    it.each(fields.split(" "))(`need %s of a ${name}`, (field) => {
      const { [field]: _dropped, ...rest } = cases[name] as Record<string, unknown>;
      expect(() => checks[name](rest)).toThrow(expect.objectContaining({ code: "SCHEMA_INVALID" }));
      expect(() => checks[name](rest)).toThrow(field);
    });
  }

  it.each<[keyof typeof cases, Record<string, unknown>, string]>([
    ["order", { side: "buy" }, 'side of the order must be one of BUY, SELL; found "buy"'],
    ["order", { type: "trailing" }, "must be one of market, limit, stop, stop_limit"],
    ["order", { time_in_force: "GTD" }, "must be one of DAY, GTC, IOC, FOK"],
    ["order", { quantity: 0 }, "quantity of the order"],
    ["order", { quantity: "0.000" }, "quantity of the order"],
    ["order", { quantity: -1 }, "quantity of the order"],
    ["order", { quantity: "1e3" }, "quantity of the order"],
    ["order", { quantity: Number.NaN }, "quantity of the order"],
    ["order", { quantity: Infinity }, "quantity of the order"],
    ["order", { timestamp: 1.5 }, "timestamp of the order must be integer"],
    ["order", { timestamp: "2024-01-01" }, "timestamp of the order must be integer"],
    ["order", { symbol: "" }, "symbol of the order"],
    ["order", { reduceOnly: true }, "reduceOnly"],
    ["ack", { status: "done" }, "must be one of accepted, rejected"],
    ["fill", { seq: -1 }, "seq of the fill"],
    ["fill", { price: "1." }, "price of the fill"],
    ["fill", { price: Number.NaN }, "price of the fill"],
    ["snapshot", { positions: { X: { qty: 1 } } }, "positions.X of the portfolio snapshot"],
    ["snapshot", { metrics: { leverage: -1 } }, "metrics.leverage of the portfolio snapshot"],
  ])("refuse a %s with %j", (name, part, message) => {
    const value = { ...cases[name], ...part };
    expect(() => checks[name](value)).toThrow(expect.objectContaining({ code: "SCHEMA_INVALID" }));
    expect(() => checks[name](value)).toThrow(message);
  });

  it("let readers of events and acknowledgements meet keys they do not know", () => {
    expect(() => checkFillEvent({ ...fill, venue: "x" })).not.toThrow();
    expect(() => checkOrderAck({ ...ack, raw: { any: 1 } })).not.toThrow();
  });
});

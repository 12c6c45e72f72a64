import { expect, it } from "vitest";
import { tradeOrderPayload, validateFillOrDlq } from "./index.ts";

it("makes an order of a signal that buys or sells, of no other", () => {
  expect(tradeOrderPayload({ action: "HOLD", size: 2 }, 5)).toBeUndefined();
  expect(tradeOrderPayload({ action: "BUY" }, 5)).toEqual({ side: "BUY", quantity: 1, timestamp: 5 });
  const full = { symbol: "BTC", type: "limit", stop_loss: 90, take_profit: 120 };
  expect(tradeOrderPayload({ action: "SELL", size: 2, ...full, price: 100, newClientOrderId: "n" }, 5)).toEqual({
    side: "SELL",
    quantity: 2,
    timestamp: 5,
    ...full,
    limit_price: 100,
    client_order_id: "n",
  });
  const named = { action: "BUY", limit_price: 99, price: 100, client_order_id: "c", newClientOrderId: "n" };
  expect(tradeOrderPayload(named, 5)).toMatchObject({ limit_price: 99, client_order_id: "c" });
});

it("hands a complete fill on and sends the rest to the dead-letter queue", () => {
  const fill = { symbol: "BTC", quantity: 1, price: 100 };
  expect(validateFillOrDlq(fill)).toBe(fill);
  expect(validateFillOrDlq({ symbol: "BTC", quantity: -1, fill_price: 100 })).not.toHaveProperty("dlq");
  for (const bad of [
    { ...fill, symbol: 7 },
    { ...fill, quantity: "1" },
    { symbol: "BTC", quantity: 1 },
    null,
    [fill],
    "fill",
  ]) {
    expect(validateFillOrDlq(bad)).toEqual({ dlq: true, payload: bad });
  }
});

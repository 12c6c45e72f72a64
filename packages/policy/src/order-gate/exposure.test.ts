import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  breachOf,
  clientOrderId,
  emptyBook,
  onlyShrinks,
  withFill,
  withOrder,
  withoutOrder,
  withPrice,
} from "./index.ts";
import type { BookOrder, ExposureBook } from "./index.ts";

function order(quantity: number, changes: Partial<BookOrder> = {}): BookOrder {
  return { accountId: "a", worldId: "w", strategyId: "s", symbol: "X", quantity, price: 10, ...changes };
}

describe("OG-8: filled, open and in flight stay within the limit", () => {
  it("counts what is in flight", () => {
    const book = withOrder(emptyBook({ symbol: 100 }), "1", order(6));
    expect(breachOf(book, order(4))).toBeUndefined();
    expect(breachOf(book, order(5))).toEqual({ scope: "symbol", limit: 100, exposure: 110 });
  });

  it("does not let a sell order make room for a buy: it may not be filled", () => {
    const book = withOrder(withOrder(emptyBook({ symbol: 100 }), "1", order(10)), "2", order(-10));
    expect(breachOf(book, order(1))).toMatchObject({ scope: "symbol", exposure: 110 });
  });

  it("keeps what was filled, at the price of now", () => {
    const filled = withFill(withOrder(emptyBook({ symbol: 100 }), "1", order(8)), "1", order(8));
    expect(filled.orders.size).toBe(0);
    expect(breachOf(filled, order(3))).toMatchObject({ exposure: 110 });
    expect(breachOf(filled, order(-8))).toBeUndefined();
    expect(breachOf(withPrice(filled, "X", 20), order(1))).toMatchObject({ exposure: 180 });
  });

  it("lets a position over its limit shrink, and not turn", () => {
    const long = withFill(emptyBook({ symbol: 50 }), "1", order(8));
    expect(breachOf(long, order(-3))).toBeUndefined();
    expect(breachOf(long, order(-16))).toBeUndefined(); // -8 is no more than +8
    expect(breachOf(long, order(-17))).toMatchObject({ exposure: 90 });
  });

  it("sums worlds, strategies and symbols within their scopes", () => {
    const other = { worldId: "v", strategyId: "t", symbol: "Y" };
    const book = withOrder(emptyBook({ account: 150, world: 120, strategy: 100 }), "1", order(6, other));
    expect(breachOf(book, order(9))).toBeUndefined();
    expect(breachOf(book, order(10))).toMatchObject({ scope: "account", exposure: 160 });
    const same = withOrder(book, "2", order(7, { strategyId: "t" }));
    expect(breachOf({ ...same, limits: { world: 120 } }, order(6))).toMatchObject({ scope: "world", exposure: 130 });
    expect(breachOf({ ...same, limits: { strategy: 100 } }, order(10))).toBeUndefined();
  });

  it("gives room back when an order ends", () => {
    const book = withOrder(emptyBook({ account: 100 }), "1", order(10));
    expect(breachOf(withoutOrder(book, "1"), order(10))).toBeUndefined();
    expect(withoutOrder(book, "2")).toBe(book);
  });

  it("never lets accepted orders exceed the limit, whichever of them are filled", () => {
    const attempts = fc.array(
      fc.record({ quantity: fc.integer({ min: -8, max: 8 }), symbol: fc.constantFrom("X", "Y"), fill: fc.boolean() }),
      { maxLength: 25 },
    );
    fc.assert(
      fc.property(attempts, (list) => {
        let book: ExposureBook = emptyBook({ account: 100 });
        for (const [index, { quantity, symbol, fill }] of list.entries()) {
          const next = order(quantity, { symbol });
          if (breachOf(book, next) !== undefined) continue;
          book = withOrder(book, String(index), next);
          if (fill) book = withFill(book, String(index), next);
          let total = 0;
          for (const position of book.positions.values()) total += Math.abs(position.quantity) * 10;
          expect(total).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("reduce-only", () => {
  const long = withFill(emptyBook({}), "1", order(8));
  it.each<[string, ExposureBook, number, boolean]>([
    ["shrinks", long, -3, true],
    ["closes", long, -8, true],
    ["turns", long, -9, false],
    ["adds", long, 1, false],
    ["nothing there", emptyBook({}), -1, false],
    ["another order closes it already", withOrder(long, "2", order(-6)), -3, false],
    ["no quantity", long, Number.NaN, false],
  ])("%s", (_, book, quantity, expected) => expect(onlyShrinks(book, order(quantity))).toBe(expected));
});

describe("client order ids (OG-9)", () => {
  const intent = { worldId: "w", epoch: 3, strategyId: "s", intentKey: "entry 1700000000000" };

  it("name an intent, the same way each time, in what venues take", () => {
    expect(clientOrderId(intent)).toBe(clientOrderId({ ...intent }));
    expect(clientOrderId(intent)).toMatch(/^[a-z0-9]{34}$/);
  });

  it("differ with every field, also where fields could run together", () => {
    const ids = [
      intent,
      { ...intent, epoch: 4 },
      { ...intent, worldId: "w2" },
      { ...intent, strategyId: "s2" },
      { ...intent, intentKey: "entry 1700000000001" },
      { ...intent, worldId: "a", strategyId: "bc" },
      { ...intent, worldId: "ab", strategyId: "c" },
    ].map(clientOrderId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

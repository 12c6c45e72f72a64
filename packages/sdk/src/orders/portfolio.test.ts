import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OrderPublishNode, Portfolio } from "./index.ts";
import { OrderBench } from "./testing/order-bench.ts";

const fill = (side: "BUY" | "SELL", quantity: number, price: number, commission = 0) => ({
  symbol: "A",
  side,
  quantity,
  price,
  commission,
});

describe("Portfolio", () => {
  it("averages the cost of a short over what was sold", () => {
    const portfolio = new Portfolio(1_000);
    portfolio.applyFill(fill("SELL", 10, 100));
    portfolio.applyFill(fill("SELL", 30, 120));
    expect(portfolio.position("A")).toMatchObject({ quantity: -40, averageCost: 115 });
    portfolio.applyFill(fill("BUY", 15, 105));
    expect(portfolio.position("A")).toMatchObject({ quantity: -25, averageCost: 115, unrealisedPnl: 250 });
    expect(portfolio.realisedPnl).toBe(150);
    expect(portfolio.cash).toBe(1_000 + 1_000 + 3_600 - 1_575);
    expect(portfolio.totalValue).toBe(1_000 + 150 + 250);
  });

  it("opens the rest at the new price when it goes through flat", () => {
    const portfolio = new Portfolio();
    portfolio.applyFill(fill("BUY", 10, 100, 2));
    portfolio.applyFill(fill("SELL", 25, 130, 3));
    expect(portfolio.position("A")).toMatchObject({ quantity: -15, averageCost: 130, unrealisedPnl: 0 });
    expect(portfolio.realisedPnl).toBe(300 - 5);
    portfolio.applyFill(fill("BUY", 15, 120));
    expect(portfolio.positions).toEqual([]);
    expect(portfolio.cash).toBe(300 - 5 + 150);
  });

  it("turns values and shares into units", () => {
    const portfolio = new Portfolio(900);
    portfolio.applyFill(fill("BUY", 4, 100));
    portfolio.mark("A", 125);
    expect(portfolio.totalValue).toBe(1_000);
    expect(portfolio.orderValue(250, 125)).toBe(2);
    expect(portfolio.orderPercent(0.25, 125)).toBe(2);
    expect(portfolio.orderTargetPercent("A", 0.75, 125)).toBe(2);
    expect(portfolio.orderTargetPercent("A", 0, 125)).toBe(-4);
    expect(portfolio.orderTargetPercent("B", -0.1, 50)).toBe(-2);
    expect(() => portfolio.orderValue(1, 0)).toThrow("price must be a number > 0; found 0");
    expect(() => portfolio.applyFill(fill("BUY", -1, 5))).toThrow("a fill needs a quantity > 0");
  });

  it("agrees with the broker's account, whatever is traded", () => {
    const trade = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 50, max: 150 }));
    fc.assert(
      fc.property(fc.array(trade, { minLength: 1, maxLength: 30 }), (trades) => {
        const broker = { cash: 1e7, fees: { kind: "percent", rate: 0.001 } } as const;
        const bench = new OrderBench((signal) => new OrderPublishNode(signal), { broker });
        for (const [quantity, price] of trades) bench.close([price], [{ quantity }]);
        bench.close([100]);
        const portfolio = new Portfolio(1e7);
        for (const { side, quantity, price, fee } of bench.broker.fills)
          portfolio.applyFill(fill(side, quantity, price, fee));
        portfolio.mark("A", 100);
        const { account } = bench.broker;
        expect(portfolio.cash).toBeCloseTo(account.cash, 4);
        expect(portfolio.totalValue).toBeCloseTo(account.equity, 4);
        expect(portfolio.realisedPnl).toBeCloseTo(account.realisedPnl, 4);
        expect(portfolio.position("A")?.quantity ?? 0).toBe(account.position(0).quantity);
        expect(portfolio.position("A")?.averageCost ?? 0).toBeCloseTo(account.position(0).averagePrice, 9);
      }),
      { numRuns: 60 },
    );
  });
});

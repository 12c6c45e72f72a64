import { describe, expect, it } from "vitest";
import { defaultRiskConfig } from "./risk-config.ts";
import { RiskManager, severityOf, type RiskOrder } from "./risk-manager.ts";

const day = 86_400_000;
const off = {
  maxPositionSize: null,
  positionSizeLimitPercent: null,
  maxConcentrationPercent: null,
  maxLeverage: null,
  maxDrawdownPercent: null,
  maxPortfolioVolatility: null,
};

/** An order on flat ground: equity 1,000, price 10, nothing else held. */
function order(units: number, more: Partial<RiskOrder> = {}): RiskOrder {
  const held = more.held ?? 0;
  return {
    symbol: "A",
    held,
    heldMax: held,
    heldMin: held,
    units,
    price: 10,
    equity: 1_000,
    otherExposure: 0,
    ...more,
  };
}

describe("limits of an order", () => {
  it.each([
    // 10 % of 1,000 are 10 units at 10.
    [{ positionSizeLimitPercent: 0.1 }, order(10), 10, null],
    [{ positionSizeLimitPercent: 0.1 }, order(15), 10, "position_size"],
    [{ positionSizeLimitPercent: 0.1 }, order(-15), -10, "position_size"],
    [{ positionSizeLimitPercent: 0.1 }, order(8, { held: 4 }), 6, "position_size"],
    [{ positionSizeLimitPercent: 0.1 }, order(8, { held: 4, heldMax: 7 }), 3, "position_size"],
    // Getting out is free, however far out one is; through flat and beyond counts what is opened.
    [{ positionSizeLimitPercent: 0.1 }, order(-40, { held: 50 }), -40, null],
    [{ positionSizeLimitPercent: 0.1 }, order(-70, { held: 50 }), -60, "position_size"],
    [{ positionSizeLimitPercent: 0.1 }, order(1, { held: 50 }), 0, "position_size"],
    [{ positionSizeLimitPercent: 0.1 }, order(-50, { held: 50, heldMin: 0 }), -10, "position_size"],
    [{ maxPositionSize: 70 }, order(10), 7, "position_size"],
    [{ maxConcentrationPercent: 0.2 }, order(30), 20, "concentration"],
    [{ maxLeverage: 2 }, order(150, { otherExposure: 1_500 }), 50, "leverage"],
    [{ maxLeverage: 2 }, order(150, { otherExposure: 2_500 }), 0, "leverage"],
    // The first limit that is broken is named, the tightest one cuts.
    [{ maxConcentrationPercent: 0.2, maxLeverage: 1 }, order(30, { otherExposure: 950 }), 5, "concentration"],
    [{ positionSizeLimitPercent: 0.1 }, order(5, { equity: -100 }), 0, "position_size"],
    [{ positionSizeLimitPercent: 0.1 }, order(-5, { held: 5, equity: -100 }), -5, null],
  ])("%j", (limits, asked, units, type) => {
    const decision = new RiskManager({ ...off, ...limits }).limitOrder(asked);
    expect(decision.units).toBeCloseTo(units, 12);
    expect(decision.violation?.type ?? null).toBe(type);
  });

  it("says how far an order would go", () => {
    const manager = new RiskManager({ ...off, maxLeverage: 2 });
    expect(manager.limitOrder(order(150, { otherExposure: 1_500 })).violation).toEqual({
      type: "leverage",
      symbol: "A",
      current: 3,
      limit: 2,
      severity: "high",
    });
    const inMoney = new RiskManager({ ...off, maxPositionSize: 70 }).limitOrder(order(10));
    expect(inMoney.violation).toMatchObject({ current: 100, limit: 70, severity: "medium" });
  });

  it("refuses whole orders without dynamic sizing", () => {
    const manager = new RiskManager({ ...off, positionSizeLimitPercent: 0.1, enableDynamicSizing: false });
    expect(manager.limitOrder(order(15))).toMatchObject({ units: 0, violation: { type: "position_size" } });
    expect(manager.limitOrder(order(9)).units).toBe(9);
  });

  it("lets only reductions pass in a drawdown", () => {
    const manager = new RiskManager({ ...off, maxDrawdownPercent: 0.15 });
    manager.observe(day, 1_000);
    manager.observe(2 * day, 850);
    expect(manager.limitOrder(order(5)).violation).toBeNull(); // 15 % is not above 15 %
    manager.observe(3 * day, 800);
    expect(manager.drawdown).toBeCloseTo(0.2, 15);
    expect(manager.limitOrder(order(5))).toMatchObject({ units: 0, violation: { type: "drawdown", limit: 0.15 } });
    expect(manager.limitOrder(order(-8, { held: 5 })).units).toBe(-5);
    manager.observe(4 * day, -50); // a lost account does not count as recovered
    expect(manager.drawdown).toBeCloseTo(1.05, 15);
  });

  it("lets only reductions pass when equity swings too much", () => {
    const manager = new RiskManager({ ...off, maxPortfolioVolatility: 0.25, volatilityMinSamples: 4 });
    // Returns +10 %, -10 %, +10 %, -10 %: population deviation 0.1, times sqrt(252) is 1.587.
    let equity = 1_000;
    manager.observe(day, equity);
    for (const [index, move] of [1.1, 0.9, 1.1].entries()) manager.observe((index + 2) * day, (equity *= move));
    expect(manager.volatility).toBeNull();
    expect(manager.limitOrder(order(1)).violation).toBeNull();
    manager.observe(5 * day, equity * 0.9);
    expect(manager.volatility).toBeCloseTo(0.1 * Math.sqrt(252), 12);
    expect(manager.limitOrder(order(1))).toMatchObject({ units: 0, violation: { type: "volatility" } });
  });
});

describe("watching the account", () => {
  it("samples equity once a day, the last close of the day", () => {
    const perMinute = new RiskManager({ volatilityMinSamples: 2 }, 365);
    const perDay = new RiskManager({ volatilityMinSamples: 2 }, 365);
    const closes = [100, 105, 99];
    closes.forEach((close, index) => {
      for (let minute = 1; minute <= 1_440; minute++) {
        perMinute.observe(index * day + minute * 60_000, minute === 1_440 ? close : 50 + minute);
      }
      perDay.observe((index + 1) * day, close);
    });
    const returns = [0.05, 99 / 105 - 1];
    const mean = (returns[0]! + returns[1]!) / 2;
    const deviation = Math.sqrt(((returns[0]! - mean) ** 2 + (returns[1]! - mean) ** 2) / 2);
    expect(perMinute.volatility).toBeCloseTo(deviation * Math.sqrt(365), 12);
    expect(perMinute.volatility).toBe(perDay.volatility);
    expect(perMinute.peak).toBe(50 + 1_439);
  });

  it("forgets returns beyond the lookback", () => {
    const manager = new RiskManager({ volatilityLookback: 2, volatilityMinSamples: 2 });
    for (const [index, equity] of [100, 500, 500, 500].entries()) manager.observe((index + 1) * day, equity);
    expect(manager.volatility).toBe(0);
  });

  it("names every violation of a portfolio", () => {
    const manager = new RiskManager({ ...defaultRiskConfig, maxLeverage: 1 });
    manager.observe(day, 2_000);
    manager.observe(2 * day, 1_000);
    const violations = manager.validatePortfolio({ A: 500, B: -600, C: 200 }, 1_000);
    expect(
      violations.map(({ type, symbol, current, limit, severity }) => [type, symbol, current, limit, severity]),
    ).toEqual([
      ["leverage", null, 1.3, 1, "medium"],
      ["concentration", "A", 0.5, 0.2, "critical"],
      ["concentration", "B", 0.6, 0.2, "critical"],
      ["drawdown", null, 0.5, 0.15, "critical"],
    ]);
    expect(manager.validatePortfolio({ A: 500 }, 0)).toEqual([]);
  });

  it("grades by how far a limit is passed", () => {
    expect([1, 1.2, 1.5, 2].map((current) => severityOf(current, 1))).toEqual(["low", "medium", "high", "critical"]);
    expect(severityOf(-0.1, 0)).toBe("critical");
  });

  it("sizes positions by target and volatility", () => {
    const manager = new RiskManager();
    expect(manager.calculatePositionSize(0.05, 10, 1_000)).toBe(5);
    expect(manager.calculatePositionSize(0.5, 10, 1_000)).toBe(10); // at most 10 %
    expect(manager.calculatePositionSize(0.05, 10, 1_000, 0.4)).toBe(2.5);
    expect(manager.calculatePositionSize(0.05, 10, 1_000, 0.1)).toBe(5);
    expect(manager.calculatePositionSize(0.05, 0, 1_000)).toBe(0);
    expect(manager.calculatePositionSize(-0.05, 10, 1_000)).toBe(0);
  });

  it("goes on from its state", () => {
    const manager = new RiskManager({ volatilityMinSamples: 2 });
    for (const [index, equity] of [100, 110, 90].entries()) manager.observe((index + 1) * day, equity);
    const restored = new RiskManager({ volatilityMinSamples: 2 });
    restored.load(JSON.parse(JSON.stringify(manager.save())));
    for (const each of [manager, restored]) each.observe(3 * day + 1, 95);
    expect(restored.volatility).toBe(manager.volatility);
    expect(restored.drawdown).toBe(manager.drawdown);
    const fresh = new RiskManager();
    fresh.load(JSON.parse(JSON.stringify(new RiskManager().save())));
    expect(fresh.drawdown).toBe(0);
  });

  it.each([
    [{ maxLevrage: 2 }, 'there is no risk limit "maxLevrage"'],
    [{ maxLeverage: -1 }, "maxLeverage must be a number >= 0, or null for no limit; found -1"],
    [{ maxDrawdownPercent: Number.NaN }, "found NaN"],
    [{ enableDynamicSizing: 1 }, "enableDynamicSizing must be true or false"],
    [{ volatilityLookback: 1.5 }, "volatilityLookback must be a whole number >= 2"],
    [{ volatilityLookback: 5 }, "volatilityMinSamples must not be above volatilityLookback"],
  ])("refuses %j", (config, message) => {
    expect(() => new RiskManager(config as never)).toThrow(message);
  });
});

import { describe, expect, it } from "vitest";
import type { Frame } from "@qmtl/engine/frame";
import { crossover, positionTarget, Runner, sma, Strategy, StreamInput } from "../index.ts";
import { explainMoment, explainOrder, explainSharing } from "./index.ts";

const minute = 60_000;

function frameOf(close: readonly number[]): Frame {
  const column = Float64Array.from(close);
  const time = Float64Array.from(close, (_, row) => row * minute);
  return {
    intervalMs: minute,
    length: close.length,
    time,
    columns: { open: column, high: column, low: column, close: column, volume: column },
  };
}

class Cross extends Strategy<{ fast: number; slow: number }> {
  static override readonly defaults = { fast: 1, slow: 2 };
  setup() {
    const price = new StreamInput({ name: "price", instrument: "X", interval: "1m" });
    const [fast, slow] = [
      sma(price, { period: this.params.fast, name: "fast" }),
      sma(price, { period: this.params.slow, name: "slow" }),
    ];
    const cross = crossover(fast, slow);
    this.addNodes(price, fast, slow, cross, positionTarget(cross, { instrument: price, long: 0.5, short: 0 }));
  }
}

// fast - slow by bar: absent, -0.5, +1, +0.5: the cross is at bar 2, the order leaves when it closes.
const run = () => Runner.offline(Cross, { data: frameOf([10, 9, 11, 12, 12, 12]) });

describe("explainOrder", () => {
  it("gives the values behind an order, with their bars", async () => {
    const explanation = explainOrder(await run(), 1);
    expect(explanation.atMs).toBe(3 * minute);
    const values = Object.fromEntries(explanation.nodes.map(({ node, value, barMs }) => [node, [value, barMs]]));
    expect(values).toMatchObject({
      fast: [{ value: 11 }, 2 * minute],
      slow: [{ value: 10 }, 2 * minute],
      crossover: [{ value: 1 }, 2 * minute],
      target: [{ value: 0.5 }, 2 * minute],
    });
    expect(explanation.because[0]).toMatch(/^order 1: BUY .* X market, sent at 1970-01-01T00:03:00.000Z/);
    expect(explanation.because).toContain("fast = 11 (bar 1970-01-01T00:02:00.000Z), from price");
    expect(explanation.because.at(-1)).toMatch(/^filled .* at 12 on 1970-01-01T00:03:00.000Z/);
    expect(explanation.account).toMatchObject({ positions: { X: 0 } });
  });

  it("says which orders there are when asked for another", async () => {
    const result = await run();
    expect(() => explainOrder(result, 9)).toThrow(/no order 9; it has 1 to 1/);
  });
});

describe("explainMoment", () => {
  it("names the first condition that was not met", async () => {
    const result = await run();
    expect(explainMoment(result, 4 * minute).because).toEqual([
      "crossover had no output: its condition was not met with fast = 12, slow = 11.5",
    ]);
    expect(explainMoment(result, 1 * minute).because[0]).toMatch(
      /slow had no output: its condition was not met with price/,
    );
    expect(explainMoment(result, 90_000).because[0]).toMatch(/price delivered no row that closed at/);
    expect(explainMoment(result, 3 * minute).because[0]).toMatch(/order 1 was sent/);
  });
});

describe("explainSharing", () => {
  it("counts nodes of equal content once and splits their cost", () => {
    class Slower extends Cross {
      static override readonly defaults = { fast: 1, slow: 3 };
    }
    const report = explainSharing([Cross, Slower]);
    expect(report).toMatchObject({ nodes: 10, distinct: 8 });
    expect(report.shared.map(({ name, strategies }) => [name, strategies])).toEqual([
      ["price", ["Cross", "Slower"]],
      ["fast", ["Cross", "Slower"]],
    ]);
    expect(report.byStrategy).toEqual([
      { strategy: "Cross", nodes: 5, own: 3, cost: 4 },
      { strategy: "Slower", nodes: 5, own: 3, cost: 4 },
    ]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "@qmtl/core";
import { nodeSets } from "../node-sets/index.ts";
import type { NodeSet } from "../node-sets/index.ts";
import type { RiskConfig } from "./risk-config.ts";
import { OrderBench } from "./testing/order-bench.ts";

// Random streams of orders of every size and side, on two instruments, through the whole chain and the real broker.

const limits = {
  maxLeverage: 0.8,
  positionSizeLimitPercent: 0.6,
  maxConcentrationPercent: 1,
  maxDrawdownPercent: null,
};
const sizeArbitrary: fc.Arbitrary<Record<string, JsonValue>> = fc.oneof(
  fc.integer({ min: -500, max: 500 }).map((quantity) => ({ quantity })),
  fc.integer({ min: -60_000, max: 60_000 }).map((value) => ({ value })),
  fc.double({ min: -2, max: 2, noNaN: true }).map((percent) => ({ percent })),
  fc.double({ min: -2, max: 2, noNaN: true }).map((target) => ({ target_percent: target })),
  fc.integer({ min: -500, max: 500 }).map((target) => ({ target_quantity: target })),
  fc.constantFrom({ action: "HOLD", size: 3 }, { action: "BUY", size: 30 }, { action: -1, size: 30 }),
  fc.constantFrom({ side: "BUY" }, { quantity: "many" }, { quantity: 5, symbol: "C" }),
);
const formArbitrary: fc.Arbitrary<Record<string, JsonValue>> = fc.oneof(
  fc.constant({}),
  fc.constant({ type: "limit", price: 95 }),
  fc.constant({ reduce_only: true }),
  fc.constant({ time_in_force: "IOC" }),
);
const payloadArbitrary = fc
  .tuple(fc.constantFrom("A", "B"), sizeArbitrary, formArbitrary)
  .map(([symbol, size, form]) => ({ symbol, ...size, ...form }));
const closeArbitrary = fc.record({
  moves: fc.tuple(fc.double({ min: -0.05, max: 0.05, noNaN: true }), fc.double({ min: -0.05, max: 0.05, noNaN: true })),
  payloads: fc.array(payloadArbitrary, { maxLength: 4 }),
  cut: fc.boolean(),
});
const runArbitrary = fc.array(closeArbitrary, { minLength: 2, maxLength: 25 });
type Close = (typeof closeArbitrary extends fc.Arbitrary<infer T> ? T : never) & {};

function openBench(risk: Partial<RiskConfig>) {
  let chain!: NodeSet;
  const bench = new OrderBench(
    (signal) =>
      (chain = nodeSets.make("order_pipeline", signal, {
        risk,
        microBatch: {},
        pretrade: { activation: { A: { enabled: true }, B: { enabled: true, weight: 0.5 } } },
        sizing: { activation: { A: { enabled: true }, B: { enabled: true, weight: 0.5 } } },
        execution: { stopLossPercent: 0.1 },
      })),
    {
      instruments: [{ symbol: "A" }, { symbol: "B", multiplier: 2 }],
      broker: { initialMargin: 0.1, insufficientFunds: "reject", fees: { kind: "percent", rate: 0.0005 } },
    },
  );
  return { bench, chain };
}

function drive(closes: readonly Close[], withCuts: boolean, afterOrders: (bench: OrderBench) => void = () => {}) {
  const { bench, chain } = openBench(limits);
  const prices = [100, 50];
  for (const { moves, payloads, cut } of closes) {
    const bars = moves.map((move, index) => {
      const open = prices[index]!;
      const close = (prices[index] = open * (1 + move));
      return [open, Math.max(open, close), Math.min(open, close), close] as const;
    });
    bench.open(bars);
    payloads.forEach((payload, index) => {
      bench.deliver(payload);
      if (withCuts && cut && index === 0) bench.cut();
    });
    bench.path.close(bench.nowMs);
    afterOrders(bench);
    bench.simulation.close(bench.nowMs);
    if (withCuts && cut) bench.cut();
  }
  const records = [...chain].map((node) => bench.recordsOf(node));
  return {
    bench,
    records,
    outcome: JSON.stringify([records, bench.broker.fills.toArray(), bench.broker.account.equity]),
  };
}

describe("the whole chain", () => {
  it("never puts out NaN or an infinity, whatever comes in", () => {
    fc.assert(
      fc.property(runArbitrary, (closes) => {
        const { bench, records } = drive(closes, false);
        // A number that JSON cannot carry would turn into null, and no stage writes null.
        expect(JSON.stringify(records)).not.toContain("null");
        for (const fill of bench.broker.fills) expect(fill.quantity > 0 && fill.price > 0).toBe(true);
        expect(Number.isFinite(bench.broker.account.equity)).toBe(true);
      }),
      { numRuns: 80 },
    );
  });

  it("never sends what would lead beyond a limit", () => {
    let openings = 0;
    const atMarket = closeArbitrary.map((close) => ({
      ...close,
      payloads: close.payloads.filter((payload) => !("type" in payload)),
    }));
    fc.assert(
      fc.property(fc.array(atMarket, { minLength: 2, maxLength: 25 }), (closes) => {
        drive(closes, false, (bench) => {
          const { equity } = bench.broker.account;
          const exposures = [0, 1].map((instrument) => exposureOf(bench, instrument));
          const opening = exposures.filter(({ before, after }) => after > before);
          if (opening.length === 0) return;
          openings++;
          for (const { after } of opening) expect(after).toBeLessThanOrEqual(0.6 * equity * (1 + 1e-9));
          const total = exposures.reduce((sum, { before, after }) => sum + Math.max(before, after), 0);
          expect(total).toBeLessThanOrEqual(0.8 * equity * (1 + 1e-9));
        });
      }),
      { numRuns: 80 },
    );
    expect(openings).toBeGreaterThan(100);
  });

  it("does the same when it is cut and goes on", () => {
    fc.assert(
      fc.property(runArbitrary, (closes) => {
        expect(drive(closes, true).outcome).toBe(drive(closes, false).outcome);
      }),
      { numRuns: 60 },
    );
  });
});

/** Value of a position now, and of the worst that open orders can make of it; counted by hand from the order list. */
function exposureOf(bench: OrderBench, instrument: number): { before: number; after: number } {
  const held = bench.broker.account.position(instrument).quantity;
  let [most, least] = [held, held];
  for (const order of bench.broker.orders) {
    if (order.instrument !== instrument || order.closedMs !== null) continue;
    if (order.reduceOnly || order.status === "pending_parent") continue;
    const left = order.quantity - order.filledQuantity;
    if (order.side === "BUY") most += left;
    else least -= left;
  }
  const unit = bench.simulation.markOf(instrument) * (instrument === 1 ? 2 : 1);
  return { before: Math.abs(held) * unit, after: Math.max(Math.abs(most), Math.abs(least)) * unit };
}

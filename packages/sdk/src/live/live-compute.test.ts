import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fill } from "@qmtl/engine/broker";
import { sliceFrame, type Frame } from "@qmtl/engine/frame";
import { loadFrame } from "../history/index.ts";
import { atr, sma } from "../indicators/index.ts";
import { OrderPublishNode } from "../orders/index.ts";
import { Runner } from "../runner/index.ts";
import { prepareRun } from "../runner/offline.ts";
import { ProcessingNode, Strategy, StreamInput } from "../strategy/index.ts";
import type { AdmitOrder, RefusedOrder } from "./gated-broker.ts";
import { LiveCompute } from "./live-compute.ts";
import type { LiveRow } from "./row-merger.ts";
import { RunJournal } from "./run-journal.ts";

const bars = fileURLToPath(new URL("../../../../../shared/data/bars/btcusdt_1m.csv", import.meta.url));
const { frame } = await loadFrame(bars, { fields: ["open", "high", "low", "close", "volume"] });

/** Targets where averages cross, and stops in the market while a position is held. */
class Cross extends Strategy {
  setup() {
    const price = new StreamInput({ instrument: "BTCUSDT", interval: "1m" });
    const [fast, slow, range] = [sma(price.field("close"), 5), sma(price.field("close"), 20), atr(price, 14)];
    const orders = new ProcessingNode({
      name: "orders",
      input: { fast, slow, range, price },
      compute: (view) => {
        const gap = view.of("fast").get("value") - view.of("slow").get("value");
        if (!(Math.abs(gap) > view.of("range").get("value") / 4)) return undefined;
        const stop = view.of("price").get("close") * 0.99;
        return [gap > 0 ? { target_percent: 0.5, stop_loss: stop } : { target_percent: -0.25 }];
      },
    });
    this.addNodes(price, fast, slow, range, orders, new OrderPublishNode(orders));
  }
}

const broker = { fees: { kind: "percent", rate: 0.0005 }, initialMargin: 0.5 } as const;
const open: AdmitOrder = () => ({ allowed: true, weight: 1 });

function liveOf(admit: AdmitOrder = open, refused: RefusedOrder[] = []) {
  const prepared = prepareRun([Cross]);
  const orderScope = () => ({ worldId: "w", epoch: 1, strategyId: "s" });
  return {
    prepared,
    live: new LiveCompute(prepared, { broker, orderScope, admit, onRefused: (each) => refused.push(each) }),
  };
}

function rowsOf(live: LiveCompute, rows: Frame): { closeMs: number; rows: LiveRow[] }[] {
  const [stream] = live.streams;
  return Array.from({ length: rows.length }, (_, row) => ({
    closeMs: rows.time[row]! + rows.intervalMs,
    rows: [
      {
        stream: 0,
        bucketMs: rows.time[row]!,
        values: Float64Array.from(stream!.fields, (field) => rows.columns[field]![row]!),
      },
    ],
  }));
}

describe("live compute", () => {
  it("trades bar by bar as the backtest does, fill for fill and bit for bit", async () => {
    const { live } = liveOf();
    const fills: Fill[] = [];
    for (const { closeMs, rows } of rowsOf(live, frame))
      fills.push(...live.step(closeMs, rows).fills.map(({ fill }) => fill));
    const offline = await Runner.offline(Cross, { data: frame, broker });
    expect(offline.fills.length).toBeGreaterThan(100);
    expect(fills).toEqual(offline.fills);
    expect(live.account.simulation.equity).toEqual(offline.equity);
  });

  it("moves nodes over history without trading it, then continues as if they had seen nothing else", () => {
    const { live, prepared } = liveOf();
    const [stream] = live.streams;
    live.warmUp(new Map([[stream!.id, sliceFrame(frame, 0, 1_000)]]));
    expect(live.account.broker.orders.length).toBe(0);
    expect(live.closedMs).toBe(frame.time[1_000]!);
    const { live: whole, prepared: same } = liveOf(() => ({ allowed: false, reason: "closed" }));
    for (const { closeMs, rows } of rowsOf(whole, frame)) whole.step(closeMs, rows);
    const rest = rowsOf(live, sliceFrame(frame, 1_000, frame.length));
    const sent = rest.flatMap(({ closeMs, rows }) => live.step(closeMs, rows).fills);
    expect(sent[0]!.fill.timeMs).toBeGreaterThanOrEqual(frame.time[1_001]!);
    expect(live.save().nodes).toEqual(whole.save().nodes);
    expect(same.plan.nodes.length).toBe(prepared.plan.nodes.length);
  });

  it("goes on from its journal after any crash: no fill is lost, none happens twice (OG-9)", () => {
    const part = sliceFrame(frame, 0, 400);
    const whole = liveOf().live;
    const expected = rowsOf(whole, part).flatMap(({ closeMs, rows }) => whole.step(closeMs, rows).fills);
    fc.assert(
      fc.property(fc.array(fc.nat(399), { maxLength: 6 }), fc.nat(60), (crashes, every) => {
        using journal = RunJournal.open(":memory:", "s");
        let { live } = liveOf();
        rowsOf(live, part).forEach(({ closeMs, rows }, row) => {
          // A crash after the instant was computed and before it was written: it is computed again.
          if (crashes.includes(row)) {
            live.step(closeMs, rows);
            const next = liveOf();
            next.live.restore(journal.read());
            live = next.live;
          }
          const step = live.step(closeMs, rows);
          journal.commit([{ closeMs, rows, ...step, equity: live.account.broker.account.equity }]);
          if (row % (every + 1) === every) journal.checkpoint(closeMs, live.save());
        });
        expect(journal.fills()).toEqual(expected);
        expect(live.account.broker.account.equity).toBe(whole.account.broker.account.equity);
        expect(new Set(journal.orders().map(({ clientOrderId }) => clientOrderId)).size).toBe(
          whole.account.broker.orders.length,
        );
      }),
      { numRuns: 25 },
    );
  });
});

describe("orders behind the gate", () => {
  it("never reach the book while it is closed (OG-1), and each refusal says why", () => {
    const refused: RefusedOrder[] = [];
    const { live } = liveOf(() => ({ allowed: false, reason: "lease" }), refused);
    for (const { closeMs, rows } of rowsOf(live, sliceFrame(frame, 0, 300))) live.step(closeMs, rows);
    expect(live.account.broker.orders.length).toBe(0);
    expect(live.account.broker.account.equity).toBe(live.account.options.cash);
    expect(refused.length).toBeGreaterThan(10);
    expect(refused[0]).toMatchObject({ reason: "lease", ask: { symbol: "BTCUSDT" } });
    expect(refused.every(({ ask }) => ask.quantity !== 0 && ask.price > 0)).toBe(true);
  });

  it("are scaled by the activation's weight, and only where they raise exposure", () => {
    const asks: { exposure: string; reduces: boolean }[] = [];
    const { live } = liveOf((ask) => {
      asks.push(ask);
      return { allowed: true, weight: 0.5 };
    });
    for (const { closeMs, rows } of rowsOf(live, frame)) live.step(closeMs, rows);
    const { orders, account } = live.account.broker;
    const notional =
      Math.max(
        ...Array.from({ length: orders.length }, (_, index) => orders.at(index)!).map(({ quantity }) => quantity),
      ) * frame.columns["close"]![0]!;
    // From -0.125 to +0.25 of equity is the most a scaled order moves.
    expect(notional).toBeLessThan(0.4 * account.equity);
    expect(new Set(asks.map(({ exposure }) => exposure))).toEqual(new Set(["long", "short"]));
  });
});

describe("the journal", () => {
  it("belongs to one strategy", () => {
    const path = fileURLToPath(new URL(`file:///tmp/qmtl-journal-${process.pid}-${performance.now()}/run.db`));
    const first = RunJournal.open(path, "one");
    expect(() => RunJournal.open(path, "one")).toThrow(`another run has the journal "${path}" open`);
    first[Symbol.dispose]();
    expect(() => RunJournal.open(path, "two")).toThrow(expect.objectContaining({ code: "SNAPSHOT_MISMATCH" }));
  });

  it("says so when it cannot be written", () => {
    expect(() => RunJournal.open("/dev/null/run.db", "s")).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
  });
});

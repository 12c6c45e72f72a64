import { describe, expect, it } from "vitest";
import type { Frame } from "@qmtl/engine/frame";
import {
  crossover,
  ema,
  positionTarget,
  ProcessingNode,
  resample,
  SeriesNode,
  sma,
  Strategy,
  StreamInput,
  type HistoryProvider,
} from "../index.ts";
import type { Node } from "../strategy/node.ts";
import { describeLookahead, verifyLookahead, verifyParity } from "./index.ts";

const minute = 60_000;
const shared = new URL("../../../../../shared/data/bars/", import.meta.url).pathname;
const btc = { data: `${shared}btcusdt_1m.csv`, load: { allow: ["gap"] as const } };

/** A wave with noise, so that nothing is constant, monotone or periodic in the bars. */
function waveFrame(rows: number): Frame {
  const close = Float64Array.from({ length: rows }, (_, row) => 100 + 5 * Math.sin(row / 9) + 3 * Math.sin(row * row));
  const column = () => close.slice();
  const columns = { open: column(), high: column(), low: column(), close, volume: column() };
  return {
    intervalMs: minute,
    length: rows,
    time: Float64Array.from({ length: rows }, (_, row) => row * minute),
    columns,
  };
}

function strategyWith(wire: (price: StreamInput, add: (node: Node) => Node) => void, history?: HistoryProvider) {
  return class Wired extends Strategy {
    setup() {
      const price = new StreamInput({
        name: "price",
        instrument: "BTC/USDT",
        interval: "1m",
        ...(history && { history }),
      });
      this.addNodes(price);
      wire(price, (node) => {
        this.addNodes(node);
        return node;
      });
    }
  };
}

const seriesStrategy = (fn: (close: Float64Array) => Float64Array) =>
  strategyWith((price, add) => {
    const signal = add(
      new SeriesNode({ name: "signal", input: price, shared: false, compute: ([close]) => fn(close!) }),
    );
    add(new ProcessingNode({ name: "after", input: signal, compute: (view) => view.value * 2 }));
  });

describe("verifyParity", () => {
  const Cross = strategyWith((price, add) => {
    const [fast, slow, hourly] = [add(ema(price, 8)), add(sma(price, 30)), add(resample(price, "1h"))];
    const trend = add(sma(hourly, 2));
    add(
      new ProcessingNode({
        name: "gap",
        input: { price, trend },
        period: 3,
        compute: (view) => view.of("price").column("close").mean() - view.of("trend").value,
      }),
    );
    const cross = add(crossover(fast, slow));
    add(positionTarget(cross, { instrument: price, long: 1, short: -0.5 }));
  });

  it("finds batch, stream and a restart at every bar identical on real data", async () => {
    const report = await verifyParity(Cross, {
      ...btc,
      endTime: 1776606960 + 600 * 60,
      broker: { fees: { kind: "percent", rate: 0.001 } },
    });
    expect(report).toMatchObject({ bars: 600, cuts: 600, identical: true, stream: null, restarted: null });
  });

  it("names the first node and bar where they differ", async () => {
    const peek = seriesStrategy((close) => close.map((_, row) => close[row + 1] ?? Number.NaN));
    const report = await verifyParity(peek, { data: waveFrame(50) });
    expect(report.identical).toBe(false);
    expect(report.stream).toMatchObject({ where: "signal", field: "value", row: 0, timeMs: 0, found: "absent" });
  });

  it("catches a function that keeps state outside its node", async () => {
    let calls = 0;
    const counting = strategyWith((price, add) => {
      add(new ProcessingNode({ name: "counter", input: price, shared: false, compute: () => ++calls }));
    });
    const report = await verifyParity(counting, { data: waveFrame(20) });
    expect(report.stream).toMatchObject({ where: "counter", row: 0, expected: "1", found: "21" });
  });
});

describe("verifyLookahead", () => {
  const rows = 200;
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

  it.each<[string, (close: Float64Array) => Float64Array]>([
    ["a single-bar peek", (close) => close.map((value, row) => (close[row + 1] ?? value) - value)],
    [
      "a merge of the hour at its open",
      (close) => close.map((_, row) => close[Math.min(close.length - 1, row - (row % 60) + 59)]!),
    ],
    ["normalisation over the whole series", (close) => close.map((value) => value / mean(close))],
    ["a centred window", (close) => close.map((_, row) => mean(close.subarray(Math.max(0, row - 2), row + 3)))],
    [
      "back-fill",
      (close) => {
        const sparse = close.map((value, row) => (row % 7 === 3 ? value : Number.NaN));
        for (let row = sparse.length - 2; row >= 0; row--)
          if (Number.isNaN(sparse[row]!)) sparse[row] = sparse[row + 1]!;
        return sparse;
      },
    ],
    [
      "a repainting pivot",
      (close) =>
        close.map((value, row) => {
          const later = close.subarray(row + 1, row + 4);
          return row > 3 && later.length === 3 && Math.max(...close.subarray(row - 3, row), ...later) < value
            ? value
            : Number.NaN;
        }),
    ],
    [
      "ranks over the whole series",
      (close) => {
        const sorted = [...close].sort((a, b) => a - b);
        return close.map((value) => sorted.indexOf(value) / close.length);
      },
    ],
  ])("catches %s, names the node and what follows from it", async (_, fn) => {
    const report = await verifyLookahead(seriesStrategy(fn), { data: waveFrame(rows) });
    expect(report.clean).toBe(false);
    expect(report.rewritten.map(({ node, inherited }) => [node, inherited])).toEqual([
      ["signal", false],
      ["after", true],
    ]);
    expect(describeLookahead(report)[0]).toMatch(/^signal at \d{4}-.* became /);
  });

  it("names the first rewritten bar and the size of the change", async () => {
    // Row 4 becomes 7 once row 5 is there; every other row is what it is.
    const repaint = seriesStrategy((close) => close.map((_, row) => (row === 4 && close.length > 5 ? 7 : 1)));
    const report = await verifyLookahead(repaint, { data: waveFrame(40) });
    expect(report.rewritten[0]).toMatchObject({
      node: "signal",
      barMs: 4 * minute,
      seenUntilMs: 5 * minute,
      before: 1,
      after: 7,
      largestChange: 6,
      cutsAffected: 1,
    });
  });

  it("catches a provider that scales over the range it is asked for, at the source", async () => {
    const whole = waveFrame(rows);
    const fetch: HistoryProvider["fetch"] = async ({ start, end }) => {
      const kept = [...whole.time.keys()].filter((row) => whole.time[row]! >= start && whole.time[row]! < end);
      const raw = Float64Array.from(kept, (row) => whole.columns["close"]![row]!);
      const scaled = raw.map((value) => value / Math.max(...raw));
      const columns = { open: scaled, high: scaled, low: scaled, close: scaled, volume: scaled };
      return {
        intervalMs: minute,
        length: kept.length,
        time: Float64Array.from(kept, (row) => whole.time[row]!),
        columns,
      };
    };
    const provider: HistoryProvider = {
      fetch,
      coverage: async () => [],
      fillMissing: async () => undefined,
      ensureRange: async () => undefined,
    };
    const report = await verifyLookahead(strategyWith((price, add) => void add(sma(price, 5)), provider));
    expect(report.rewritten[0]).toMatchObject({ node: "price", inherited: false });
  });

  it("raises no alarm on causal code, and reports where the start matters, with its decay", async () => {
    const causal = strategyWith((price, add) => {
      const [fast, slow, hourly] = [add(ema(price, 10)), add(sma(price, 20)), add(resample(price, "1h"))];
      add(crossover(fast, slow));
      add(sma(hourly, 2));
      add(new SeriesNode({ name: "sum", input: price, compute: runningSum }));
    });
    const report = await verifyLookahead(causal, { ...btc, endTime: 1776606960 + 1500 * 60 });
    expect(report).toMatchObject({ clean: true, rewritten: [], rows: 1500 });
    const byNode = Object.fromEntries(report.startSensitive.map((found) => [found.node, found.settledAfterRows]));
    // alpha = 2/11: (9/11)^n < 1e-9 relative to a start that was off by about 1e-3 takes 60 to 110 rows.
    expect(byNode["ema_10"]).toBeGreaterThan(40);
    expect(byNode["ema_10"]).toBeLessThan(130);
    expect(byNode["sum"]).toBeNull();
    expect(byNode).not.toHaveProperty("sma_20");
  });
});

function runningSum([close]: readonly Float64Array[]): Float64Array {
  let sum = 0;
  return close!.map((value) => (sum += value));
}

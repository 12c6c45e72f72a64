import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { BrokerOptions } from "@qmtl/engine/broker";
import type { Frame } from "@qmtl/engine/frame";
import { csvHistory, Runner, type StrategyClass } from "../index.ts";
import { checkFrame } from "../data-quality/index.ts";
import { LongShortCross, Mixed, SmaCross, WithFunction, WithStages } from "./fixtures/strategies.ts";
import { sweep, type SweepOptions, type SweepResult } from "./index.ts";
import { sweepMetrics } from "./sweep-metric.ts";

const bars = fileURLToPath(new URL("../../../../../shared/data/bars/", import.meta.url));
const file = fileURLToPath(new URL("fixtures/strategies.ts", import.meta.url));
const btc = await minutes("btcusdt_1m.csv", 700);
const eth = await minutes("ethusdt_1m.csv", 600);

async function minutes(name: string, rows: number): Promise<Frame> {
  const frame = await csvHistory(bars + name).fetch({
    nodeId: "test" as never,
    intervalMs: 60_000,
    start: 0,
    end: 9e15,
  });
  const columns = Object.fromEntries(
    Object.entries(frame.columns).map(([key, column]) => [key, column.slice(0, rows)]),
  );
  return { ...frame, length: rows, time: frame.time.slice(0, rows), columns };
}

/** Rows as a run takes them when their jumps are meant. */
function checkedFrame(frame: Frame) {
  return checkFrame(frame, { jumpMax: 10 });
}

/** Every row of the table is, figure for figure and bit for bit, the run of that combination. */
async function expectRuns(strategy: StrategyClass<never>, result: SweepResult, options: SweepOptions) {
  const isOne = "time" in (options.data as object) || "frame" in (options.data as object);
  for (let row = 0; row < result.table.length; row++) {
    const { params, metrics, instrument } = result.table.at(row);
    const source = isOne ? (options.data as Frame) : (options.data as Record<string, Frame>)[instrument]!;
    const { grid: _grid, metric: _metric, metrics: _metrics, ...rest } = options;
    const run = await Runner.offline(strategy as never, {
      ...(rest.broker && { broker: rest.broker }),
      ...(rest.returnsBasis && { returnsBasis: rest.returnsBasis }),
      data: source,
      params,
    });
    const expected = Object.fromEntries(result.table.metrics.map((metric) => [metric, run.metrics[metric]]));
    expect({ params, ...metrics }).toEqual({ params, ...expected });
  }
}

const fees: Partial<BrokerOptions> = { fees: { kind: "percent", rate: 0.001 } };

describe("a sweep gives the figures of Runner.offline", () => {
  it.each<[string, StrategyClass<never>, SweepOptions["grid"], Partial<BrokerOptions>, "events" | "broker"]>([
    ["operators", SmaCross as never, { fast: [2, 5, 9], slow: [7, 20] }, fees, "events"],
    [
      "fills at the close",
      SmaCross as never,
      { fast: [2, 5], slow: [7, 20] },
      { ...fees, semantics: "vectorbt" },
      "events",
    ],
    ["whole units", SmaCross as never, { fast: [2, 5] }, { ...fees, wholeUnits: true, cash: 1e7 }, "events"],
    ["slippage", SmaCross as never, { fast: [2, 5] }, { slippage: { kind: "percent", rate: 0.0005 } }, "events"],
    [
      "graphs that depend on parameters",
      Mixed as never,
      { kind: ["bands", "rsi", "volume"], period: [5, 14], short: [-1, 0] },
      fees,
      "events",
    ],
    [
      "targets at every bar",
      Mixed as never,
      { kind: ["rsi"], period: [5] },
      { ...fees, rebalance: "every_bar" },
      "events",
    ],
    ["authors' functions", WithFunction as never, { period: [3, 10], level: [0, 0.001] }, fees, "broker"],
    ["order stages", WithStages as never, { period: [3, 10] }, fees, "broker"],
    ["other broker features", SmaCross as never, { fast: [2, 5] }, { fees: { kind: "fixed", amount: 2 } }, "broker"],
    ["leverage", SmaCross as never, { fast: [2, 5] }, { ...fees, initialMargin: 0.5 }, "broker"],
  ])("with %s", async (_, strategy, grid, broker, path) => {
    const options: SweepOptions = { grid, data: { btc, eth }, broker, metric: "sharpe", returnsBasis: "bar" };
    const result = await sweep(strategy as never, options);
    expect(result.table.metrics).toEqual(sweepMetrics);
    expect(result.paths[path]).toBe(result.table.length);
    if (path === "broker") expect(result.warnings.map(({ code }) => code)).toContain("SWEEP_THROUGH_BROKER");
    expect(result.table.column("trades")!.some((count) => count > 0)).toBe(true);
    await expectRuns(strategy, result, options);
  });

  it("on days as well as on bars, and from rows to rows", async () => {
    const options: SweepOptions = { grid: { fast: [2, 5] }, data: btc, metrics: "all", metric: "totalReturn" };
    await expectRuns(SmaCross as never, await sweep(SmaCross as never, options), options);
  });

  it("and those of vectorbt under its own conventions", async () => {
    const golden = JSON.parse(readFileSync(new URL("fixtures/vectorbt.json", import.meta.url), "utf8")) as {
      windows: number[];
      pairs: [number, number][];
      totalReturn: number[];
      maxDrawdown: number[];
      sharpe: number[];
      trades: number[];
    };
    const result = await sweep(SmaCross as never, {
      grid: { fast: golden.windows, slow: golden.windows },
      constraint: ({ fast, slow }) => (fast as number) < (slow as number),
      data: await minutes("btcusdt_1m.csv", 1_000),
      broker: { ...fees, semantics: "vectorbt" },
      returnsBasis: "bar",
    });
    const rowOf = new Map(
      Array.from({ length: result.table.length }, (_, row) => [JSON.stringify(result.table.at(row).params), row]),
    );
    expect(golden.pairs.length).toBe(44);
    golden.pairs.forEach(([fast, slow], index) => {
      const { metrics } = result.table.at(rowOf.get(JSON.stringify({ fast, slow }))!);
      expect(metrics.totalReturn).toBeCloseTo(golden.totalReturn[index]!, 12);
      expect(metrics.maxDrawdown).toBeCloseTo(golden.maxDrawdown[index]!, 12);
      expect(metrics.sharpe! / golden.sharpe[index]!).toBeCloseTo(1, 9);
      expect(metrics.trades).toBe(golden.trades[index]);
    });
    const [fast, slow] = golden.pairs[golden.sharpe.indexOf(Math.max(...golden.sharpe))]!;
    expect(result.best!.params).toEqual({ fast, slow });
  });
});

describe("a sweep", () => {
  const grid = { fast: [2, 3, 4, 5, 6], slow: [8, 12, 20] };

  it.each([
    ["over columns", SmaCross, { grid }],
    ["through the broker", WithFunction, { grid: { period: [3, 4, 5, 6, 7, 8, 9], level: [0, 0.001, 0.002] } }],
  ])("gives the same bytes with 1, 2 and 4 threads %s", async (_, strategy, { grid: values }) => {
    const digests: string[] = [];
    for (const workers of [1, 2, 4]) {
      const result = await sweep(strategy as never, { grid: values as never, data: { btc, eth }, file, workers });
      expect(result.workers).toBe(workers);
      digests.push(result.digest);
    }
    expect(new Set(digests).size).toBe(1);
  });

  it("ranks by the metric, the smaller the better where that is so, and names the best of each instrument", async () => {
    const byReturn = await sweep(SmaCross as never, { grid, data: { btc, eth }, metric: "totalReturn", top: 4 });
    const returns = [...byReturn.table.column("totalReturn")!];
    expect(byReturn.top.map(({ row }) => returns[row])).toEqual(returns.toSorted((a, b) => b - a).slice(0, 4));
    expect(byReturn.table.column("sharpe")).toBeUndefined();
    expect(byReturn.bestByInstrument.map(({ instrument }) => instrument)).toEqual(["btc", "eth"]);
    expect(byReturn.best!.figures.totalReturn).toBe(Math.max(...returns));
    const byDepth = await sweep(SmaCross as never, { grid, data: btc, metric: "maxDrawdown" });
    expect(byDepth.best!.metrics.maxDrawdown).toBe(Math.min(...byDepth.table.column("maxDrawdown")!));
  });

  it("keeps grid order, the last parameter fastest, and tries only what the constraint lets through", async () => {
    const result = await sweep(SmaCross as never, {
      grid: { fast: [2, 8, 10], slow: [8, 12] },
      constraint: ({ fast, slow }) => (fast as number) < (slow as number),
      data: btc,
    });
    expect(Array.from({ length: result.table.length }, (_, row) => result.table.at(row).params)).toEqual([
      { fast: 2, slow: 8 },
      { fast: 2, slow: 12 },
      { fast: 8, slow: 12 },
      { fast: 10, slow: 12 },
    ]);
    expect([...result.table.csvLines()][0]).toBe(`instrument,fast,slow,${sweepMetrics.join(",")}`);
  });

  it("counts its trials against the best: the more were tried, the less it means", async () => {
    const few = await sweep(SmaCross as never, { grid: { fast: [2, 3], slow: [8] }, data: btc, returnsBasis: "bar" });
    const many = await sweep(SmaCross as never, { grid, data: btc, returnsBasis: "bar" });
    expect(many.trialsForDeflatedSharpe.count).toBe(15);
    // Sample variance of the ratios per bar, from the table's annualised ones.
    const ratios = [...many.table.column("sharpe")!].map((sharpe) => sharpe / Math.sqrt(365 * 24 * 60));
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / 15;
    const variance = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / 14;
    expect(many.trialsForDeflatedSharpe.sharpeVariance! / variance).toBeCloseTo(1, 9);
    expect(many.trialsForDeflatedSharpe.deflatedSharpe).toBeLessThan(many.best!.figures.probabilisticSharpe!);
    expect(few.trialsForDeflatedSharpe.count).toBe(2);
    expect(many.warnings[0]).toMatchObject({ code: "MULTIPLE_TESTING", count: 15 });
  });

  it("goes through the broker where a margin call is possible, and says so", async () => {
    // Short from 97 on, then the price triples within a bar.
    const close = Float64Array.of(100, 101, 102, 103, 104, 99, 97, 96, 300, 310, 320, 330, 340, 350);
    const spike: Frame = {
      intervalMs: 60_000,
      length: close.length,
      time: Float64Array.from(close, (_, row) => row * 60_000),
      columns: { open: close, high: close, low: close, close, volume: close },
    };
    const data = checkedFrame(spike);
    const options: SweepOptions = { grid: { fast: [2], slow: [4, 13] }, data, returnsBasis: "bar", metrics: "all" };
    const result = await sweep(LongShortCross as never, options);
    expect(result.paths).toMatchObject({ events: 1, broker: 1 });
    expect(result.warnings.find(({ code }) => code === "SWEEP_THROUGH_BROKER")!.message).toMatch(/margin call/);
    await expectRuns(LongShortCross as never, result, options);
  });

  it("stops when the signal says so", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(sweep(SmaCross as never, { grid, data: `${bars}btcusdt_1m.csv`, signal })).rejects.toThrow("enough");
  });
});

describe("a sweep refuses", () => {
  it.each<[string, Partial<SweepOptions>, RegExp]>([
    ["no grid", { grid: {} }, /values for at least one parameter/],
    ["an unknown parameter", { grid: { fsat: [1] } }, /SmaCross has no parameter "fsat"/],
    ["an empty list", { grid: { fast: [] } }, /"fast" needs a list of values/],
    ["a value of another type", { grid: { fast: ["5"] } }, /"fast" must be of type number; found "5"/],
    ["a value twice", { grid: { fast: [5, 5] } }, /"fast" has the value 5 twice/],
    ["a constraint nothing passes", { constraint: () => false }, /lets none of 1 combinations through/],
    ["an unknown metric", { metric: "shrape" as never }, /no metric "shrape"/],
    ["no threads", { workers: 0 }, /workers must be a whole number above 0/],
    [
      "too large a grid",
      { grid: Object.fromEntries(["fast", "slow"].map((n) => [n, range(3_000)])) },
      /9000000 combinations/,
    ],
    ["parameters the strategy refuses", { grid: { fast: [0] } }, /period.*\(with fast=0\)/],
    ["rows that are not there", { data: {} }, /data names no instrument/],
  ])("%s", async (_, options, message) => {
    await expect(sweep(SmaCross as never, { grid: { fast: [5] }, data: btc, ...options })).rejects.toThrow(message);
  });

  it("with a hint where a word is nearly right", async () => {
    await expect(sweep(SmaCross as never, { grid: { fsat: [1] }, data: btc })).rejects.toMatchObject({
      code: "PARAMETER_INVALID",
      hint: 'did you mean "fast"?',
    });
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

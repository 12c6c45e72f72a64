import { describe, expect, it } from "vitest";
import { sliceFrame, type Frame } from "@qmtl/engine/frame";
import {
  crossover,
  ema,
  frameHistory,
  MatchMode,
  OrderPublishNode,
  positionTarget,
  ProcessingNode,
  Runner,
  sma,
  Strategy,
  StreamInput,
  TagQueryNode,
  type Fill,
  type RunResult,
} from "../index.ts";
import { resultDigests } from "../runs/index.ts";

const minute = 60_000;
const fees = { fees: { kind: "percent", rate: 0.001 } } as const;

function frameOf(close: readonly number[], startMinute = 0): Frame {
  const column = Float64Array.from(close);
  const open = Float64Array.from(close, (_, row) => close[Math.max(0, row - 1)]!);
  const high = column.map((value, row) => Math.max(value, open[row]!));
  const low = column.map((value, row) => Math.min(value, open[row]!));
  const time = Float64Array.from(close, (_, row) => (startMinute + row) * minute);
  return {
    intervalMs: minute,
    length: close.length,
    time,
    columns: { open, high, low, close: column, volume: column },
  };
}

const wave = (rows: number, phase = 0) =>
  frameOf(Array.from({ length: rows }, (_, row) => 100 + 10 * Math.sin(row / 7 + phase) + (row % 5)));

class Cross extends Strategy<{ fast: number; slow: number }> {
  static override readonly defaults = { fast: 3, slow: 8 };
  setup() {
    const price = new StreamInput({ name: "price", instrument: "BTC/USDT", interval: "1m" });
    const [fast, slow] = [sma(price, this.params.fast), ema(price, this.params.slow)];
    const cross = crossover(fast, slow);
    this.addNodes(price, fast, slow, cross, positionTarget(cross, { instrument: price, long: 1, short: -0.5 }));
  }
}

const hash = (result: RunResult) => resultDigests(result).hash;

describe("Runner.offline", () => {
  it("buys at the next open what the close decided, and pays the fee", async () => {
    class BuyOnce extends Strategy {
      setup() {
        const price = new StreamInput({ instrument: "X", interval: "1m" });
        const rise = new ProcessingNode({
          input: price,
          period: 2,
          compute: (view) => (view.column("close").at(-1) > view.column("close").at(-2) ? 1 : undefined),
        });
        this.addNodes(price, rise, positionTarget(rise, { instrument: price, long: 2, unit: "quantity" }));
      }
    }
    // Opens are the closes before: 10 10 9 11 12. The rise shows at the close of bar 3, so the fill is bar 4's open, 11.
    const result = await Runner.offline(BuyOnce, {
      data: frameOf([10, 9, 9, 11, 12]),
      broker: { cash: 1_000, ...fees },
    });
    expect(result.fills).toMatchObject([{ side: "BUY", quantity: 2, price: 11, timeMs: 4 * minute, fee: 0.022 }]);
    expect(result.equity.at(-1)).toBeCloseTo(1_000 - 22 - 0.022 + 2 * 12, 10);
    expect([...result.positions[0]!]).toEqual([0, 0, 0, 0, 2]);
  });

  it("ends with the money that closing at the end leaves, fee included", async () => {
    class Hold extends Strategy {
      setup() {
        const price = new StreamInput({ instrument: "X", interval: "1m" });
        const always = new ProcessingNode({ input: price, compute: () => 1 });
        this.addNodes(price, always, positionTarget(always, { instrument: price, long: 2, unit: "quantity" }));
      }
    }
    // Buys 2 at 10 (bar 1's open), sells them at the last close, 13: 1,000 - 20 - 0.2 + 26 - 0.26.
    for (const executor of ["batch", "stream"] as const) {
      const broker = { cash: 1_000, fees: { kind: "percent", rate: 0.01 }, closeAtEnd: true } as const;
      const result = await Runner.offline(Hold, { data: frameOf([10, 12, 13]), broker, executor });
      expect(result.equity.at(-1)).toBeCloseTo(1_005.54, 10);
      expect(result.cash.at(-1)).toBeCloseTo(1_005.54, 10);
      expect(result.positions[0]!.at(-1)).toBe(0);
      expect(result.metrics).toMatchObject({ endEquity: result.equity.at(-1), trades: 1, openTrades: 0 });
      expect(result.metrics.exposure).toBeCloseTo(1 / 3, 12);
      expect(result.metrics.buyAndHoldReturn).toBeCloseTo(0.3, 12);
    }
  });

  it("warns when bars rest at weekends and the instrument's calendar does not", async () => {
    const day = 1_440 * minute;
    const times = Array.from({ length: 60 }, (_, index) => (index + 4) * day).filter(
      (time) => ![0, 6].includes(new Date(time).getUTCDay()),
    );
    const close = Float64Array.from(times, (_, row) => 100 + row);
    const columns = { open: close, high: close, low: close, close, volume: close };
    const data: Frame = { intervalMs: day, length: close.length, time: Float64Array.from(times), columns };
    const codes = async (instrument: string | { symbol: string; calendar: "us_equity" | "weekdays" }) => {
      class Idle extends Strategy {
        setup() {
          this.addNodes(new StreamInput({ instrument, interval: "1d" }));
        }
      }
      const result = await Runner.offline(Idle, { data, load: { allow: ["gap"] } });
      return result.warnings.map((warning) => warning.code);
    };
    expect(await codes("SP500")).toContain("CALENDAR_UNLIKELY");
    expect(await codes({ symbol: "SP500", calendar: "weekdays" })).not.toContain("CALENDAR_UNLIKELY");
  });

  it("gives the same bytes in batch and stream, and again", async () => {
    const data = wave(400);
    const [batch, stream, again] = [
      await Runner.offline(Cross, { data, broker: fees }),
      await Runner.offline(Cross, { data, broker: fees, executor: "stream" }),
      await Runner.offline(Cross, { data, broker: fees }),
    ];
    expect(batch.trades.length).toBeGreaterThan(10);
    expect(hash(stream)).toBe(hash(batch));
    expect(hash(again)).toBe(hash(batch));
    expect(resultDigests(stream).parts).toEqual(resultDigests(batch).parts);
  });

  it("runs several strategies with shared nodes once, and each as it would alone", async () => {
    class Slower extends Cross {
      static override readonly defaults = { fast: 3, slow: 20 };
    }
    const data = wave(300);
    const [cross, slower] = await Runner.offline([Cross, Slower], { data, broker: fees });
    expect(cross!.nodes[0]!.id).toBe(slower!.nodes[0]!.id);
    expect(hash(cross!)).toBe(hash(await Runner.offline(Cross, { data, broker: fees })));
    expect(hash(slower!)).toBe(hash(await Runner.offline(Slower, { data, broker: fees })));
  });

  it("calls a shared author's function once per row", async () => {
    let calls = 0;
    const node = (price: StreamInput) =>
      new ProcessingNode({ input: price, shared: false, compute: () => ++calls && 1 });
    class Counting extends Strategy {
      setup() {
        const price = new StreamInput({ instrument: "X", interval: "1m" });
        const one = node(price);
        this.addNodes(price, one, positionTarget(one, { instrument: price }));
      }
    }
    await Runner.offline(Counting, { data: wave(50) });
    expect(calls).toBe(50);
  });

  it("trades two instruments in one account, and an idle strategy beside it changes nothing", async () => {
    class Pair extends Strategy {
      setup() {
        const [a, b] = ["A", "B"].map(
          (symbol) => new StreamInput({ name: symbol, instrument: symbol, interval: "1m" }),
        ) as [StreamInput, StreamInput];
        const spread = new ProcessingNode({
          input: { a, b },
          compute: (view) => Math.sign(view.of("a").value - view.of("b").value),
        });
        const opposite = new ProcessingNode({ input: spread, compute: (view) => -view.value });
        this.addNodes(a, b, spread, opposite);
        this.addNodes(
          positionTarget(spread, { instrument: a, long: 0.4, short: -0.4 }),
          positionTarget(opposite, { instrument: b, long: 0.4, short: -0.4 }),
        );
      }
    }
    class Idle extends Strategy {
      setup() {
        this.addNodes(new StreamInput({ name: "A", instrument: "A", interval: "1m" }));
      }
    }
    const options = { data: { A: wave(200), B: wave(200, 1) }, broker: fees };
    const alone = await Runner.offline(Pair, options);
    const [beside, idle] = await Runner.offline([Pair, Idle], options);
    expect(new Set(alone.fills.map((fill) => fill.instrument))).toEqual(new Set([0, 1]));
    expect(hash(beside!)).toBe(hash(alone));
    expect(idle!.zeroTradeReasons[0]).toMatch(/no node sends orders/);
    expect(hash(await Runner.offline(Pair, { ...options, executor: "stream" }))).toBe(hash(alone));
  });

  it("sends orders that an author's function returns", async () => {
    class Orders extends Strategy {
      setup() {
        const price = new StreamInput({ instrument: "X", interval: "1m" });
        const orders = new ProcessingNode({
          input: price,
          compute: (view) =>
            view.time === 60_000 ? { side: "BUY", quantity: 1, type: "limit", limit_price: 8, tag: "dip" } : undefined,
        });
        this.addNodes(price, orders, new OrderPublishNode(orders));
      }
    }
    const result = await Runner.offline(Orders, { data: frameOf([10, 10, 9, 7, 7]) });
    expect(result.orders).toMatchObject([{ type: "limit", limitPrice: 8, status: "filled", tag: "dip" }]);
    expect(result.fills).toMatchObject([{ price: 8, quantity: 1, liquidity: "maker" }]);
  });

  it("lets a tag query read every stream with its tags", async () => {
    class Basket extends Strategy {
      setup() {
        const streams = ["a", "b", "c"].map(
          (name) => new StreamInput({ name, tags: [name, "crypto"], interval: "1m" }),
        );
        const query = new TagQueryNode({
          queryTags: ["crypto"],
          matchMode: MatchMode.ANY,
          interval: "1m",
          compute: (view) => view.inputs.reduce((sum, input) => sum + input.value, 0),
        });
        this.addNodes(streams, query);
      }
    }
    const result = await Runner.offline(Basket, {
      data: { a: frameOf([1, 2]), b: frameOf([10, 20]), c: frameOf([100, 200]) },
    });
    const query = result.nodes.find((node) => node.type === "TagQueryNode")!;
    expect([...result.columns.get(query.id)!.fields["value"]!]).toEqual([111, 222]);
  });

  it("calls the hooks in order: start, fills, finish; error when it fails", async () => {
    const calls: string[] = [];
    class Hooked extends Cross {
      override onStart() {
        calls.push("start");
      }
      override onFill(_order: unknown, fill: Fill) {
        calls.push(`fill ${fill.id}`);
      }
      override onFinish(result: RunResult) {
        calls.push(`finish ${result.fills.length}`);
      }
      override onError(error: unknown) {
        calls.push(`error ${(error as Error).message}`);
      }
    }
    const result = await Runner.offline(Hooked, { data: wave(100) });
    expect(calls).toEqual(["start", ...result.fills.map((fill) => `fill ${fill.id}`), `finish ${result.fills.length}`]);
    calls.length = 0;
    await expect(Runner.offline(Hooked, {})).rejects.toThrow(/stream "price" has no data/);
    expect(calls).toEqual(["start", expect.stringMatching(/^error stream "price" has no data/)]);
  });

  it.each(["batch", "stream"] as const)(
    "tells onFill of the fills at the end of the data too (%s)",
    async (executor) => {
      const seen: number[] = [];
      class Seeing extends Cross {
        override onFill(_order: unknown, fill: Fill) {
          seen.push(fill.id);
        }
      }
      const result = await Runner.offline(Seeing, { data: wave(100), broker: { closeAtEnd: true }, executor });
      expect(seen).toEqual(result.fills.map((fill) => fill.id));
      expect(result.positions[0]!.at(-2)).not.toBe(0); // so that the end had something to close
    },
  );

  it.each(["onStart", "onFill", "onFinish"] as const)("names the hook that failed: %s", async (hook) => {
    const errors: string[] = [];
    class Failing extends Cross {
      override onError(error: unknown) {
        errors.push((error as Error).message);
      }
    }
    Failing.prototype[hook] = () => {
      throw new Error("no mail");
    };
    const message = `${hook}() of Failing failed: no mail`;
    await expect(Runner.offline(Failing, { data: wave(100) })).rejects.toMatchObject({ code: "HOOK_FAILED", message });
    expect(errors).toEqual([message]);
  });

  it("keeps the first failure when onError fails as well", async () => {
    class Failing extends Cross {
      override async onError(): Promise<void> {
        throw new Error("no mail");
      }
    }
    await expect(Runner.offline(Failing, {})).rejects.toMatchObject({
      message: 'onError() of Failing failed: no mail; the run had failed before: stream "price" has no data',
      cause: { code: "DATA_MISSING" },
    });
  });

  it("refuses an asynchronous setup, and names one that throws nothing", async () => {
    class Late extends Strategy {
      async setup(): Promise<void> {
        await Promise.reject(new Error("later"));
      }
    }
    await expect(Runner.offline(Late, {})).rejects.toThrow("setup() of Late is asynchronous");
    class Empty extends Strategy {
      setup(): void {
        throw undefined;
      }
    }
    await expect(Runner.offline(Empty, {})).rejects.toThrow("setup() of Empty failed: undefined");
  });

  it("refuses a scalar reader of a record that has no such field", async () => {
    class Band extends Strategy {
      setup() {
        const price = new StreamInput({ name: "price", interval: "1m" });
        const band = new ProcessingNode({
          name: "band",
          input: price,
          compute: (view) => ({ upper: view.value + 1, lower: view.value - 1 }),
        });
        this.addNodes(price, band, sma(band, { period: 2, name: "mean" }));
      }
    }
    const message = 'node "mean" reads "value" of "band", which gives the fields upper, lower';
    for (const executor of ["batch", "stream"] as const)
      await expect(Runner.offline(Band, { data: wave(9), executor })).rejects.toThrow(message);
    await expect(Runner.session(Band, { data: wave(9) })).rejects.toThrow(message);
  });

  it("refuses options that mean nothing", async () => {
    const run = (options: object) => Runner.offline(Cross, { data: wave(9), ...options });
    await expect(run({ brokr: {} })).rejects.toMatchObject({ hint: 'did you mean "broker"?' });
    await expect(run({ executor: "straem" })).rejects.toThrow(/executor must be one of batch, stream/);
    await expect(run({ keep: "some" })).rejects.toThrow(/keep must be/);
    await expect(run({ returnsBasis: "1w" })).rejects.toThrow(/returnsBasis must be/);
    await expect(run({ seed: 0.5 })).rejects.toThrow(/seed must be a whole number; found 0.5/);
  });

  it("explains why nothing was traded", async () => {
    const run = async (params: Record<string, number>, rows: number) =>
      (await Runner.offline(Cross, { data: wave(rows), params })).zeroTradeReasons;
    expect((await run({ slow: 50 }, 30))[0]).toMatch(/"ema_50" never had a value: its inputs gave 30 rows of 1m/);
    class Never extends Strategy {
      setup() {
        const price = new StreamInput({ instrument: "X", interval: "1m" });
        const never = new ProcessingNode({
          name: "breakout",
          input: price,
          compute: (view) => (view.value > 1e9 ? 1 : undefined),
        });
        this.addNodes(price, never, positionTarget(never, { instrument: price }));
      }
    }
    expect((await Runner.offline(Never, { data: wave(30) })).zeroTradeReasons).toEqual([
      expect.stringMatching(/"breakout" never had a value/),
    ]);
  });

  it("cuts the range by bucket start, half-open", async () => {
    const result = await Runner.offline(Cross, { data: wave(100), startTime: 600, endTime: "1970-01-01T00:20:00Z" });
    expect([result.times[0], result.times.at(-1), result.times.length]).toEqual([11 * minute, 20 * minute, 10]);
  });

  it("refuses parameters, data names and ranges that mean nothing, with the nearest word", async () => {
    await expect(Runner.offline(Cross, { data: wave(9), params: { fats: 1 } })).rejects.toMatchObject({
      code: "PARAMETER_INVALID",
      hint: 'did you mean "fast"?',
    });
    await expect(Runner.offline(Cross, { data: wave(9), params: { fast: "3" } })).rejects.toThrow(
      /must be a number; found "3"/,
    );
    await expect(Runner.offline(Cross, { data: { prcie: wave(9) } })).rejects.toMatchObject({
      hint: 'did you mean "price"?',
    });
    await expect(Runner.offline(Cross, { data: wave(9), startTime: 100, endTime: 50 })).rejects.toThrow(
      /must start before it ends/,
    );
    await expect(Runner.offline(Cross, { data: wave(9), startTime: 1_000_000 })).rejects.toThrow(
      /no rows in the range/,
    );
    await expect(Runner.offline(class {} as never, {})).rejects.toThrow(/classes that extend Strategy/);
  });

  it("refuses two streams that only their names tell apart, when their data differs", async () => {
    const stream = (name: string, rows: Frame) =>
      new StreamInput({ name, interval: "1m", history: frameHistory(rows) });
    const run = (a: Frame, b: Frame, data?: Record<string, Frame>) => {
      class Named extends Strategy {
        setup() {
          this.addNodes(stream("btc", a), stream("eth", b));
        }
      }
      return Runner.offline(Named, data ? { data } : {});
    };
    await expect(run(wave(9), wave(9, 1))).rejects.toThrow(/"btc" and "eth" are one stream .* different data/);
    await expect(run(wave(9), wave(9), { btc: wave(9), eth: wave(9, 1) })).rejects.toThrow(/different data/);
    expect((await run(wave(9), wave(9))).nodes).toHaveLength(1);
  });

  it.each(["batch", "stream"] as const)(
    "stops when the caller aborts, in the midst of trading too (%s)",
    async (executor) => {
      const run = (signal: AbortSignal, onProgress?: (fraction: number) => void) =>
        Runner.offline(Cross, { data: wave(60_000), executor, signal, ...(onProgress && { onProgress }) });
      await expect(run(AbortSignal.abort())).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
      const caller = new AbortController();
      const seen: number[] = [];
      const aborted = run(caller.signal, (fraction) => {
        seen.push(fraction);
        if (fraction > 0.6) caller.abort();
      });
      await expect(aborted).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
      expect(seen.at(-1)).toBeLessThan(0.9);
    },
  );
});

describe("Runner.session", () => {
  it("is at every moment what one run over the rows so far would be", async () => {
    const whole = wave(4_600);
    await using session = await Runner.session(Cross, { data: sliceFrame(whole, 0, 120), broker: fees });
    for (const to of [121, 150, 200, 2_300, 4_600]) {
      const from = session.result().times.length;
      session.append(sliceFrame(whole, from, to));
      expect(hash(session.result())).toBe(
        hash(await Runner.offline(Cross, { data: sliceFrame(whole, 0, to), broker: fees })),
      );
    }
    expect(() => session.append(sliceFrame(whole, 10, 20))).toThrow(/must follow/);
    session.close();
    session.close();
    expect(() => session.append(sliceFrame(whole, 10, 20))).toThrow(/closed/);
  });

  it("takes late rows where the stream allows it: nodes are corrected, orders stay sent", async () => {
    class Late extends Strategy {
      setup() {
        const price = new StreamInput({ name: "price", instrument: "X", interval: "1m", allowedLateness: "10m" });
        const mean = sma(price, { period: 2, name: "mean" });
        this.addNodes(price, mean, positionTarget(mean, { instrument: price, long: 1, unit: "quantity" }));
      }
    }
    const session = await Runner.session(Late, { data: frameOf([1, 2, 3]) });
    session.append(frameOf([5], 4));
    expect(session.append(frameOf([9], 3))).toMatchObject({ revised: 1 });
    const mean = session.result().nodes.find((node) => node.name === "mean")!;
    const column = session.result().columns.get(mean.id)!;
    expect([[...column.time].map((time) => time / minute), [...column.fields["value"]!]]).toEqual([
      [0, 1, 2, 3, 4],
      [Number.NaN, 1.5, 2.5, 6, 7],
    ]);
    expect(
      session.revisions.filter(({ nodeId }) => nodeId === mean.id).map(({ bucketMs }) => bucketMs / minute),
    ).toEqual([3, 4]);
    expect(session.result().orders).toHaveLength(1);
  });

  it("calls onFinish once, when it is disposed of, and onError when it cannot open", async () => {
    const calls: string[] = [];
    class Hooked extends Cross {
      override onFinish(result: RunResult) {
        calls.push(`finish ${result.times.length}`);
      }
      override onError() {
        calls.push("error");
      }
    }
    const session = await Runner.session(Hooked, { data: wave(20) });
    await Runner.shutdownAsync(session.strategy);
    await session[Symbol.asyncDispose]();
    expect(calls).toEqual(["finish 20"]);
    (await Runner.session(Hooked, { data: wave(20) })).close();
    await Runner.shutdownAsync();
    await expect(Runner.session(Hooked, {})).rejects.toThrow(/no data/);
    expect(calls).toEqual(["finish 20", "error"]);
  });

  it("shuts down once, twice, and with nothing open", async () => {
    const session = await Runner.session(Cross, { data: wave(20) });
    Runner.shutdown(session.strategy);
    await Runner.shutdownAsync(session.strategy);
    Runner.shutdown();
    expect(() => session.append(wave(5))).toThrow(/closed/);
  });
});

import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { playExchange, readRecordedTrades } from "@qmtl/testkit/exchange";
import { describe, expect, it, vi } from "vitest";
import type { Clock } from "@qmtl/core";
import { BinanceFeed, RecordedFeed, type FeedListener, type FeedSubscription } from "../feeds/index.ts";
import { systemClock } from "../edge/system-clock.ts";
import { LiveStreams, type StreamNotice } from "./live-streams.ts";
import { RowMerger, type LiveRow } from "./row-merger.ts";

const recording = fileURLToPath(
  new URL("../../../../../shared/data/ticks/binance_spot_btcusdt_20240808.gz", import.meta.url),
);

/** Time that stands still until it is moved. */
class HandClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; run: () => void }[] = [];
  nowMs = () => this.#nowMs;
  monotonicMs = () => this.#nowMs;
  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((each) => each !== timer));
  }
  advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const { run } of this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)) run();
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
  }
}

const row = (stream: number, bucketMs: number): LiveRow => ({ stream, bucketMs, values: Float64Array.of(bucketMs) });

describe("rows of several streams", () => {
  function merger(intervalsMs: number[]) {
    const released: [number, number[]][] = [];
    const clock = new HandClock();
    const release = (closeMs: number, rows: readonly LiveRow[]) =>
      released.push([closeMs, rows.map(({ stream }) => stream)]);
    return { released, clock, merger: new RowMerger({ intervalsMs, clock, graceMs: 100, release }) };
  }

  it("are released once, in time order, whatever the order they come in", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], { minLength: 12 }), (order) => {
        const { released, merger: merging } = merger([1_000, 1_000, 2_000]);
        // Two streams of a second, one of two: each in its own order, interleaved at random.
        const queues = [0, 1, 2].map((stream) =>
          [0, 1, 2, 3].map((n) => row(stream, n * (stream === 2 ? 2_000 : 1_000))),
        );
        for (const index of order) {
          const next = queues[index % 3]!.shift();
          if (next) merging.push(next);
        }
        const closes = released.map(([closeMs]) => closeMs);
        expect(closes).toEqual([...closes].sort((a, b) => a - b));
        expect(new Set(closes).size).toBe(closes.length);
        expect(released.slice(0, 4)).toEqual([
          [1_000, [0, 1]],
          [2_000, [0, 1, 2]],
          [3_000, [0, 1]],
          [4_000, [0, 1, 2]],
        ]);
        expect(merging.late).toBe(0);
      }),
    );
  });

  it("wait for a stream that is silent only so long; what comes after that is late", () => {
    const { released, clock, merger: merging } = merger([1_000, 1_000]);
    merging.push(row(0, 0));
    clock.advance(99);
    expect(released).toEqual([]);
    clock.advance(1);
    expect(released).toEqual([[1_000, [0]]]);
    merging.push(row(1, 0));
    expect(merging.late).toBe(1);
  });

  it("wait for ever for a stream that is catching up", () => {
    const { released, clock, merger: merging } = merger([1_000, 1_000]);
    merging.hold(1, true);
    merging.push(row(0, 0));
    clock.advance(10_000);
    expect(released).toEqual([]);
    merging.push(row(1, 0));
    expect(released).toEqual([[1_000, [0, 1]]]);
    merging.push(row(0, 1_000));
    merging.hold(1, false);
    clock.advance(100);
    expect(released).toEqual([
      [1_000, [0, 1]],
      [2_000, [0]],
    ]);
  });
});

describe("live streams", () => {
  it("have no hole after a lost connection: rows equal those of the recording as a whole", async () => {
    const trades = await readRecordedTrades(recording);
    const exchange = await playExchange(trades);
    const feed = new BinanceFeed({ ...exchange, from: "trades" });
    const stream = {
      id: "blake3:a",
      name: "price",
      symbol: "BTCUSDT",
      intervalMs: 1_000,
      fields: ["open", "close", "volume"],
    } as const;
    const rows: number[][] = [];
    const notices: StreamNotice[] = [];
    const firstMs = Math.floor(trades[0]!.timeMs / 1_000) * 1_000 + 1_000;
    const merger = new RowMerger({
      intervalsMs: [1_000],
      clock: systemClock,
      graceMs: 2_000,
      release: (_, released) => released.forEach(({ bucketMs, values }) => rows.push([bucketMs, ...values])),
    });
    const streams = new LiveStreams({
      streams: [stream as never],
      feed,
      clock: systemClock,
      fromMs: [firstMs],
      history: (_, range) => feed.history({ ...stream, stream: "price", fromMs: 0 }, range),
      merger,
      onNotice: (notice) => notices.push(notice),
      onEnd: () => undefined,
    });
    await exchange.playTo(1_500);
    exchange.cut();
    exchange.passOver(700);
    await vi.waitFor(() => expect(exchange.connections).toBe(2), 5_000);
    await exchange.playTo(4_000);
    exchange.passOver(300); // a hole in the trade ids, on a line that holds
    await exchange.playTo(6_000);

    const expected: number[][] = [];
    const whole: FeedListener = {
      row: (_, bucketMs, values) => expected.push([bucketMs, ...values]),
      live: () => undefined,
      lost: () => undefined,
      ended: () => undefined,
    };
    const subscription: FeedSubscription = {
      stream: "price",
      symbol: "BTCUSDT",
      intervalMs: 1_000,
      fields: stream.fields,
      fromMs: 0,
    };
    new RecordedFeed({ file: recording, speed: "max" }).open([subscription], whole);
    await vi.waitFor(() => expect(expected.at(-1)?.[0]).toBeGreaterThan(trades[6_000]!.timeMs), 20_000);
    const lastMs = Math.floor(trades[5_999]!.timeMs / 1_000) * 1_000 - 1_000;
    await vi.waitFor(() => expect(rows.at(-1)?.[0]).toBe(lastMs), 10_000);
    expect(rows).toEqual(expected.filter(([at]) => at! <= lastMs));
    expect(merger.late).toBe(0);
    expect(notices.map(({ kind }) => kind)).toEqual(["lost", "live"]);
    streams.close();
    await exchange.close();
  });

  it("say which rows are missing when there is nowhere to get them from, and go on", async () => {
    const notices: StreamNotice[] = [];
    const closes: number[] = [];
    let listener: FeedListener | undefined;
    const streams = new LiveStreams({
      streams: [
        { index: 0, id: "blake3:a" as never, name: "price", symbol: undefined, intervalMs: 1_000, fields: ["close"] },
      ],
      feed: {
        open: (_, given) => {
          listener = given;
          return { close: () => undefined };
        },
      },
      clock: systemClock,
      fromMs: [1_000],
      history: () => undefined,
      merger: new RowMerger({
        intervalsMs: [1_000],
        clock: systemClock,
        graceMs: 2_000,
        release: (closeMs) => closes.push(closeMs),
      }),
      onNotice: (notice) => notices.push(notice),
      onEnd: () => undefined,
    });
    listener!.live(0, 5_000);
    listener!.row(0, 5_000, Float64Array.of(1));
    await vi.waitFor(() => expect(closes).toEqual([6_000]));
    expect(notices).toEqual([
      {
        kind: "gap",
        message:
          'rows of "price" from 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:05.000Z are missing: the run has no history to get them from',
        stream: "price",
        range: { start: 1_000, end: 5_000 },
      },
    ]);
    streams.close();
  });
});

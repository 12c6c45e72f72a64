import { playExchange, readRecordedTrades, type PlayedExchange, type PlayedTrade } from "@qmtl/testkit/exchange";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  BinanceFeed,
  RecordedFeed,
  ReplayFeed,
  type FeedListener,
  type FeedSession,
  type FeedSubscription,
} from "./index.ts";
import { TradeBars, type Bar } from "./trade-bars.ts";

const recording = fileURLToPath(
  new URL("../../../../../shared/data/ticks/binance_spot_btcusdt_20240808.gz", import.meta.url),
);
const second: FeedSubscription = {
  stream: "price",
  symbol: "BTC/USDT",
  intervalMs: 1_000,
  fields: ["open", "high", "low", "close", "volume"],
  fromMs: 0,
};

/** Keeps what a feed says, in order. */
class Notes implements FeedListener {
  readonly rows: [number, ...number[]][] = [];
  readonly lives: number[] = [];
  readonly losses: string[] = [];
  isEnded = false;
  row(_: number, bucketMs: number, values: Float64Array): void {
    this.rows.push([bucketMs, ...values]);
  }
  live(_: number, fromMs: number): void {
    this.lives.push(fromMs);
  }
  lost(reason: string): void {
    this.losses.push(reason);
  }
  ended(): void {
    this.isEnded = true;
  }
}

/** Bars by grouping, for the seconds that have ended: another way to the numbers than the feed's. */
function barsOf(trades: readonly PlayedTrade[]): [number, ...number[]][] {
  const groups = [...Map.groupBy(trades, ({ timeMs }) => Math.floor(timeMs / 1_000) * 1_000)];
  return groups.slice(0, -1).map(([bucketMs, group]) => {
    const prices = group.map(({ price }) => price);
    return [
      bucketMs,
      prices[0]!,
      Math.max(...prices),
      Math.min(...prices),
      prices.at(-1)!,
      group.reduce((sum, { quantity }) => sum + quantity, 0),
    ];
  });
}

describe("bars of trades", () => {
  const sealed: [number, Bar][] = [];
  const bars = new TradeBars(1_000, (bucketMs, bar) => sealed.push([bucketMs, bar]));
  const trade = (timeMs: number, price: number, quantity = 1) => bars.add({ timeMs, price, quantity });

  it("seal on the first trade past their end, leave empty buckets out, and count late trades", () => {
    trade(1_200, 10);
    trade(1_999, 12, 2);
    expect(sealed).toEqual([]);
    trade(4_000, 9);
    expect(sealed).toEqual([[1_000, { open: 10, high: 12, low: 10, close: 12, volume: 3 }]]);
    trade(3_999, 1);
    expect(bars.late).toBe(1);
    bars.watermark(4_999);
    expect(sealed).toHaveLength(1);
    bars.watermark(5_000);
    expect(sealed[1]).toEqual([4_000, { open: 9, high: 9, low: 9, close: 9, volume: 1 }]);
    trade(4_500, 1);
    expect(bars.late).toBe(2);
  });
});

describe("a replay", () => {
  const frame = {
    intervalMs: 1_000,
    length: 3,
    time: Float64Array.of(0, 1_000, 2_000),
    columns: { close: Float64Array.of(1, 2, 3) },
  };
  const subscription = { ...second, fields: ["close", "volume"], fromMs: 1_000 };

  it("gives rows from where it is asked to, then says that it ended", async () => {
    const notes = new Notes();
    new ReplayFeed({ data: frame, speed: "max" }).open([subscription], notes);
    await vi.waitFor(() => expect(notes.isEnded).toBe(true));
    expect(notes.lives).toEqual([1_000]);
    expect(notes.rows).toEqual([
      [1_000, 2, NaN],
      [2_000, 3, NaN],
    ]);
  });

  it("keeps the pace it is told", async () => {
    const times: number[] = [];
    const timers: { atMs: number; run: () => void }[] = [];
    let nowMs = 0;
    const clock = {
      nowMs: () => 0,
      monotonicMs: () => nowMs,
      after: (delayMs: number, run: () => void) => {
        const timer = { atMs: nowMs + delayMs, run };
        timers.push(timer);
        return () => timers.splice(timers.indexOf(timer), 1);
      },
    };
    const notes = new Notes();
    notes.row = () => times.push(nowMs);
    new ReplayFeed({ data: frame, speed: 4, clock }).open([{ ...subscription, fromMs: 0 }], notes);
    for (let timer = timers.shift(); timer; timer = timers.shift()) {
      nowMs = timer.atMs;
      timer.run();
    }
    expect(times).toEqual([0, 250, 500]);
  });

  it.each([0, -1, NaN, Infinity])("refuses speed %s", (speed) => {
    expect(() => new ReplayFeed({ data: frame, speed })).toThrow("speed must be a number above 0");
  });
});

describe("recorded messages", () => {
  it("give the bars of their trades", async () => {
    const notes = new Notes();
    new RecordedFeed({ file: recording, speed: "max" }).open([second], notes);
    await vi.waitFor(() => expect(notes.isEnded).toBe(true), 20_000);
    // The first second is incomplete, the last has not ended.
    const expected = barsOf(await readRecordedTrades(recording)).slice(1);
    expect(notes.rows).toEqual(expected);
    expect(notes.lives).toEqual([expected[0]![0]]);
  });

  it("say what is wrong with a file", async () => {
    const notes = new Notes();
    new RecordedFeed({ file: "nowhere.gz" }).open([second], notes);
    await vi.waitFor(() => expect(notes.losses).toEqual(['cannot read the recording "nowhere.gz"']));
  });
});

describe("a WebSocket feed", () => {
  let trades: readonly PlayedTrade[];
  const open: (PlayedExchange | FeedSession)[] = [];
  beforeAll(async () => {
    trades = await readRecordedTrades(recording);
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  async function start(options: { silenceMsMax?: number } = {}) {
    const exchange = await playExchange(trades);
    const notes = new Notes();
    const feed = new BinanceFeed({ ...exchange, from: "trades", ...options });
    open.push(feed.open([second], notes), exchange);
    return { exchange, notes, feed };
  }

  it("gives every complete bar, and names the first one that is", async () => {
    const { exchange, notes } = await start();
    await exchange.playTo(2_000);
    const expected = barsOf(trades.slice(0, 2_000)).slice(1);
    await vi.waitFor(() => expect(notes.rows).toHaveLength(expected.length));
    expect(notes.rows).toEqual(expected);
    expect(notes.lives).toEqual([expected[0]![0]]);
  });

  it("comes back after a cut, says from where it is whole again, and history has what was missed", async () => {
    const { exchange, notes, feed } = await start();
    await exchange.playTo(1_000);
    await vi.waitFor(() => expect(notes.rows.length).toBeGreaterThan(5));
    exchange.cut();
    await vi.waitFor(() => expect(notes.losses).toHaveLength(1));
    exchange.passOver(1_500);
    await vi.waitFor(() => expect(exchange.connections).toBe(2), 5_000);
    await exchange.playTo(4_000);
    await vi.waitFor(() => expect(notes.lives).toHaveLength(2));
    const missed = { start: notes.rows.findLast(([time]) => time < notes.lives[1]!)![0] + 1_000, end: notes.lives[1]! };
    const { time, columns } = await feed.history(second, missed);
    const filled = Array.from(time, (at, row) => [at, ...second.fields.map((field) => columns[field]![row]!)]);
    await vi.waitFor(() => expect(notes.rows.at(-1)![0]).toBe(barsOf(trades.slice(0, 4_000)).at(-1)![0]));
    const whole = [...notes.rows, ...filled].toSorted(([a], [b]) => a! - b!);
    expect(whole).toEqual(barsOf(trades.slice(0, 4_000)).slice(1));
  });

  it("takes a hole in the trade ids for a loss", async () => {
    const { exchange, notes } = await start();
    await exchange.playTo(800);
    exchange.passOver(300);
    await exchange.playTo(2_000);
    await vi.waitFor(() => expect(notes.lives).toHaveLength(2));
    const [, again] = notes.lives;
    expect(notes.rows.some(([time]) => time === again! - 1_000)).toBe(false);
  });

  it("gives up a connection that says nothing", async () => {
    const { exchange, notes } = await start({ silenceMsMax: 80 });
    await exchange.playTo(10);
    await vi.waitFor(() => expect(notes.losses[0]).toMatch(/said nothing for \d+ ms/), 5_000);
    await vi.waitFor(() => expect(exchange.connections).toBeGreaterThan(1), 5_000);
  });

  it("names an exchange that is not there, and an interval it does not have", async () => {
    const notes = new Notes();
    const feed = new BinanceFeed({ streamUrl: "ws://127.0.0.1:9", restUrl: "http://127.0.0.1:9" });
    open.push(feed.open([second], notes));
    await vi.waitFor(() => expect(notes.losses[0]).toContain("ws://127.0.0.1:9 closed with"));
    await expect(feed.history(second, { start: 0, end: 10_000 })).rejects.toThrow("does not answer");
    expect(() => feed.open([{ ...second, intervalMs: 7_000 }], notes)).toThrow("the exchange has bars of 1s, 1m");
  });
});

import { describe, expect, it } from "vitest";
import {
  adx,
  atr,
  bollingerBands,
  crossover,
  macd,
  positionTarget,
  ProcessingNode,
  resample,
  Runner,
  SeriesNode,
  SizingNode,
  sma,
  Strategy,
  StreamInput,
  TagQueryNode,
  type OfflineOptions,
  type OperatorNode,
} from "../index.ts";

// These calls are never made: the compiler is the test. Every line under a `@ts-expect-error` must be an error, and no
// other line may be one; `tsc -b` of the tests holds both.
const bars = new StreamInput({ instrument: "BTC/USDT", interval: "1m" });
const quotes = new StreamInput({ fields: ["bid", "ask"], interval: "1m" });

export function fields(): void {
  bars.field("close");
  // @ts-expect-error -- misspelt
  bars.field("clsoe");
  // @ts-expect-error -- a quote has no close
  quotes.field("close");
  quotes.field("bid");
  bollingerBands(bars).field("upper");
  // @ts-expect-error -- misspelt
  bollingerBands(bars).field("uper");
  // @ts-expect-error -- one line has one value
  sma(bars, 3).field("upper");
  resample(bars, "1h").field("close");
  // @ts-expect-error -- a resampled bar has the fields of a bar
  resample(bars, "1h").field("clsoe");
  // @ts-expect-error -- no such rule
  resample(bars, "1h", { how: { close: "latest" } });
}

export function operators(): readonly OperatorNode[] {
  return [
    sma(bars, 20),
    sma(bars, { period: 20, name: "mean", onMissing: "hold" }),
    // @ts-expect-error -- no such parameter
    sma(bars, { perod: 20 }),
    // @ts-expect-error -- a period is a number
    sma(bars, { period: "20" }),
    // @ts-expect-error -- no such rule
    sma(bars, { period: 20, onMissing: "drop" }),
    // @ts-expect-error -- an operator reads nodes
    sma("close", 20),
    // @ts-expect-error -- no such parameter
    macd(bars, { fats: 12 }),
    atr(bars, { period: 14, smoothing: "simple" }),
    // @ts-expect-error -- no such smoothing
    atr(bars, { period: 14, smoothing: "smple" }),
    atr({ high: bars.field("high"), low: bars.field("low"), close: bars }, 14),
    // @ts-expect-error -- the low is missing
    atr({ high: bars.field("high"), close: bars }, 14),
    // @ts-expect-error -- no such parameter
    adx(bars, { perod: 14 }),
    // @ts-expect-error -- two lines cross
    crossover(bars),
  ];
}

export function computeFunctions(): readonly unknown[] {
  const fast = sma(bars, 3);
  const band = new ProcessingNode({
    input: bars,
    params: { width: 2, side: "upper" },
    compute: (view, { width }) => ({ upper: view.value + width, lower: view.value - width }),
  });
  band.field("upper");
  // @ts-expect-error -- the record has no such field
  band.field("uper");
  return [
    new ProcessingNode({ input: bars, compute: (view) => view.get("close") + view.column("high").max() }),
    // @ts-expect-error -- misspelt
    new ProcessingNode({ input: bars, compute: (view) => view.get("clsoe") }),
    // @ts-expect-error -- misspelt
    new ProcessingNode({ input: bars, compute: (view) => view.column("hihg").max() }),
    // @ts-expect-error -- misspelt
    new ProcessingNode({ input: bars, compute: (view) => view.latest.fields.clsoe }),
    new ProcessingNode({ input: { fast, bars }, compute: (view) => view.of("fast").value - view.of("bars").value }),
    // @ts-expect-error -- misspelt
    new ProcessingNode({ input: { fast, bars }, compute: (view) => view.of("fsat").value }),
    // @ts-expect-error -- a mean has no close
    new ProcessingNode({ input: { fast, bars }, compute: (view) => view.of("fast").get("close") }),
    new ProcessingNode({ input: band, compute: (view) => view.get("upper") }),
    // @ts-expect-error -- the record of the node before has no such field
    new ProcessingNode({ input: band, compute: (view) => view.get("middle") }),
    // @ts-expect-error -- a parameter that was not given
    new ProcessingNode({ input: bars, params: { width: 2 }, compute: (view, { witdh }) => view.value * witdh }),
    // @ts-expect-error -- a text is not multiplied
    new ProcessingNode({ input: bars, params: { width: "2" }, compute: (view, { width }) => view.value * width }),
    // @ts-expect-error -- a period is a number
    new ProcessingNode({ input: bars, period: "3", compute: (view) => view.value }),
    // @ts-expect-error -- misspelt
    new ProcessingNode({ input: bars, perid: 3, compute: (view) => view.value }),
    // @ts-expect-error -- parameters are JSON
    new ProcessingNode({ input: bars, params: { since: new Date(0) }, compute: (view) => view.value }),
    // @ts-expect-error -- functions of rows are synchronous
    new ProcessingNode({ input: bars, compute: async (view) => view.value }),
    // @ts-expect-error -- a window is read, not written
    new ProcessingNode({ input: bars, compute: (view) => (view.latest.fields.close = 1) }),
    // @ts-expect-error -- misspelt
    new SeriesNode({ input: bars.field("clsoe"), compute: ([close]) => close! }),
    // @ts-expect-error -- one number is no column
    new SeriesNode({ input: bars, compute: ([close]) => close![0]! }),
    // @ts-expect-error -- misspelt
    new TagQueryNode({ queryTag: ["btc"], compute: (view) => view.value }),
    // @ts-expect-error -- no such mode
    new TagQueryNode({ queryTags: ["btc"], matchMode: "some", compute: (view) => view.value }),
  ];
}

export class Typed extends Strategy<{ fast: number; mode: string }> {
  static override readonly defaults = { fast: 3, mode: "slow" };
  setup(): void {
    sma(bars, this.params.fast);
    // @ts-expect-error -- no such parameter
    sma(bars, this.params.fats);
    // @ts-expect-error -- a text is no period
    sma(bars, this.params.mode);
    // @ts-expect-error -- a number is no node
    this.addNodes(3);
  }
}

export function orders(): readonly unknown[] {
  return [
    positionTarget(bars, { instrument: bars, long: 1, short: null }),
    // @ts-expect-error -- something is traded
    positionTarget(bars, { long: 1 }),
    // @ts-expect-error -- no such unit
    positionTarget(bars, { instrument: bars, unit: "share" }),
    // @ts-expect-error -- misspelt
    new SizingNode(bars, { wieght: 1 }),
    // @ts-expect-error -- misspelt
    new StreamInput({ instrumnet: "X" }),
    // @ts-expect-error -- no such rule
    new StreamInput({ onLate: "drop" }),
    // @ts-expect-error -- no such calendar
    new StreamInput({ instrument: { symbol: "X", calendar: "moon" } }),
  ];
}

export async function runs(): Promise<unknown> {
  const options: OfflineOptions = { broker: { cash: 1_000, fees: { kind: "percent", rate: 0.001 } } };
  // @ts-expect-error -- misspelt
  const misspelt: OfflineOptions = { broker: { csah: 1_000 } };
  // @ts-expect-error -- no such fill
  const unknown: OfflineOptions = { broker: { marketFill: "this_open" } };
  // @ts-expect-error -- not a strategy
  await Runner.offline(Date, options);
  const one = await Runner.offline(Typed, options);
  const [first] = await Runner.offline([Typed, Typed], options);
  // @ts-expect-error -- one strategy gives one result
  return [one.length, one.equity, first?.equity, misspelt, unknown];
}

describe("types", () => {
  it("agree with what is refused at run time", () => {
    expect(() => bars.field("clsoe" as never)).toThrow(/no field "clsoe"/);
    expect(() => sma(bars, { period: 20, perod: 20 } as never)).toThrow(/perod/);
    expect(() => new SizingNode(bars, { wieght: 1 } as never)).toThrow(/wieght/);
    expect(() => new StreamInput({ instrumnet: "X" } as never)).toThrow(/instrumnet/);
    expect(() => new StreamInput({ onLate: "drop" as never })).toThrow(/onLate/);
    expect(() => new ProcessingNode({ input: bars, perid: 3, compute: () => 1 } as never)).toThrow(/perid/);
    expect(() => sma(bars, { period: 2, onMissing: "drop" as never })).toThrow(/onMissing/);
    expect(() => resample(bars, "1h", { how: { close: "latest" as never } })).toThrow(/how\.close .*latest/);
    expect(() => positionTarget(bars, { instrument: bars, lnog: 1 } as never)).toThrow(/lnog/);
    expect(() => new TagQueryNode({ queryTag: ["btc"], compute: () => 1 } as never)).toThrow(/queryTag/);
  });
});

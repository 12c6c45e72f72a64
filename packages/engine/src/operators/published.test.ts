import { publishedBars, publishedValues, runBatch } from "@qmtl/testkit/operators";
import { describe, expect, it } from "vitest";
import { operatorRegistry } from "./index.ts";

type Column = Float64Array;
type Params = Readonly<Record<string, unknown>>;

const bars = publishedBars("default");
const { time, high, low, close, volume } = bars as Record<string, Column>;
const hlc = [high!, low!, close!];
const typical = close!.map((value, row) => (high![row]! + low![row]! + value) / 3);
const compared = publishedBars("compare")["close"]!;

/**
 * One row: operator, its parameters and inputs, and which published field each output is held to.
 *
 * The published table starts where ours does, unless `from` says that it begins later.
 */
const cases: readonly {
  readonly operator: string;
  readonly params: Params;
  readonly inputs: readonly (Column | undefined)[];
  readonly table: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly from?: number;
}[] = [
  { operator: "sma", params: { period: 20 }, inputs: [close], table: "sma", outputs: { value: "sma" } },
  { operator: "rolling_mean", params: { period: 20 }, inputs: [close], table: "sma", outputs: { value: "sma" } },
  { operator: "ema", params: { period: 20 }, inputs: [close], table: "ema", outputs: { value: "ema" } },
  { operator: "wma", params: { period: 14 }, inputs: [close], table: "wma", outputs: { value: "wma" } },
  { operator: "dema", params: { period: 14 }, inputs: [close], table: "dema", outputs: { value: "dema" } },
  { operator: "tema", params: { period: 20 }, inputs: [close], table: "tema", outputs: { value: "tema" } },
  { operator: "hma", params: { period: 14 }, inputs: [close], table: "hma", outputs: { value: "hma" } },
  { operator: "smma", params: { period: 20 }, inputs: [close], table: "smma", outputs: { value: "smma" } },
  { operator: "kama", params: {}, inputs: [close], table: "kama", outputs: { value: "kama" } },
  {
    operator: "adx",
    params: {},
    inputs: hlc,
    table: "adx",
    outputs: { plus_di: "pdi", minus_di: "mdi", dx: "dx", adx: "adx" },
  },
  {
    operator: "parabolic_sar",
    params: {},
    inputs: [high, low],
    table: "psar",
    outputs: { sar: "sar" },
    from: 14, // the published table leaves out the first trend
  },
  { operator: "supertrend", params: {}, inputs: hlc, table: "supertrend", outputs: { value: "superTrend" } },
  {
    operator: "ichimoku_cloud",
    params: { displacement: 26 },
    inputs: hlc,
    table: "ichimoku",
    outputs: { tenkan: "tenkanSen", kijun: "kijunSen", senkou_a: "senkouSpanA", senkou_b: "senkouSpanB" },
  },
  {
    operator: "donchian_channel",
    params: { includeCurrent: false },
    inputs: [high, low],
    table: "donchian",
    outputs: { upper: "upperBand", middle: "centerline", lower: "lowerBand" },
  },
  { operator: "vortex", params: {}, inputs: hlc, table: "vortex", outputs: { plus: "pvi", minus: "nvi" } },
  { operator: "rsi", params: {}, inputs: [close], table: "rsi", outputs: { value: "rsi" } },
  {
    operator: "stoch_rsi",
    params: {},
    inputs: [close],
    table: "stoch-rsi",
    outputs: { value: "stochRsi", signal: "signal" },
  },
  { operator: "stochastic_oscillator", params: {}, inputs: hlc, table: "stoch", outputs: { k: "k", d: "d" } },
  {
    operator: "kdj",
    params: { period: 14, smoothing: "simple" },
    inputs: hlc,
    table: "stoch",
    outputs: { k: "k", d: "d", j: "j" },
  },
  {
    operator: "macd",
    params: {},
    inputs: [close],
    table: "macd",
    outputs: { macd: "macd", signal: "signal", histogram: "histogram" },
  },
  { operator: "roc", params: { period: 14 }, inputs: [close], table: "roc", outputs: { value: "roc" } },
  { operator: "diff", params: { period: 14 }, inputs: [close], table: "roc", outputs: { value: "momentum" } },
  { operator: "cci", params: {}, inputs: hlc, table: "cci", outputs: { value: "cci" } },
  { operator: "williams_r", params: {}, inputs: hlc, table: "willr", outputs: { value: "williamsR" } },
  {
    operator: "awesome_oscillator",
    params: {},
    inputs: [high, low],
    table: "awesome",
    outputs: { value: "oscillator" },
  },
  {
    operator: "aroon",
    params: {},
    inputs: [high, low],
    table: "aroon",
    outputs: { up: "aroonUp", down: "aroonDown", oscillator: "oscillator" },
  },
  { operator: "mfi", params: {}, inputs: [...hlc, volume], table: "mfi", outputs: { value: "mfi" } },
  { operator: "trix", params: {}, inputs: [close], table: "trix", outputs: { value: "trix" } },
  { operator: "true_range", params: {}, inputs: hlc, table: "tr", outputs: { value: "tr" } },
  { operator: "atr", params: {}, inputs: hlc, table: "atr", outputs: { value: "atr" } },
  {
    operator: "bollinger_bands",
    params: {},
    inputs: [close],
    table: "bb",
    outputs: { mid: "sma", upper: "upperBand", lower: "lowerBand" },
  },
  { operator: "bollinger_width", params: {}, inputs: [close], table: "bb", outputs: { value: "width" } },
  { operator: "bollinger_percent_b", params: {}, inputs: [close], table: "bb", outputs: { value: "percentB" } },
  {
    operator: "keltner_channel",
    params: {},
    inputs: hlc,
    table: "keltner",
    outputs: { mid: "centerline", upper: "upperBand", lower: "lowerBand" },
  },
  { operator: "chandelier_exit", params: {}, inputs: hlc, table: "chexit", outputs: { long: "chandelierExit" } },
  { operator: "ulcer_index", params: {}, inputs: [close], table: "ulcer", outputs: { value: "ulcerIndex" } },
  { operator: "obv", params: {}, inputs: [close, volume], table: "obv", outputs: { value: "obv" } },
  {
    operator: "anchored_vwap",
    params: { anchorTime: 0 },
    inputs: [time, typical, volume],
    table: "vwap",
    outputs: { value: "vwap" },
  },
  { operator: "vwma", params: { period: 14 }, inputs: [close, volume], table: "vwma", outputs: { value: "vwma" } },
  { operator: "cmf", params: {}, inputs: [...hlc, volume], table: "cmf", outputs: { value: "cmf" } },
  { operator: "adl", params: {}, inputs: [...hlc, volume], table: "adl", outputs: { value: "adl" } },
  {
    operator: "rolling_stdev",
    params: { period: 14, deviation: "population" },
    inputs: [close],
    table: "stdev",
    outputs: { value: "stdDev" },
  },
  {
    operator: "rolling_zscore",
    params: { period: 14, deviation: "population" },
    inputs: [close],
    table: "stdev",
    outputs: { value: "zScore" },
  },
  {
    operator: "rolling_variance",
    params: { period: 20, deviation: "population" },
    inputs: [close],
    table: "corr",
    outputs: { value: "varianceB" },
  },
  {
    operator: "rolling_covariance",
    params: { period: 20, deviation: "population" },
    inputs: [close, compared],
    table: "corr",
    outputs: { value: "covariance" },
  },
  {
    operator: "rolling_correlation",
    params: { period: 20 },
    inputs: [close, compared],
    table: "corr",
    outputs: { value: "correlation" },
  },
];

describe("published tables, to their printed precision and from their first row", () => {
  it.each(cases.map((one) => [one.operator, one.table, one] as const))("%s is the table %s", (name, table, one) => {
    const operator = operatorRegistry.get(name)!;
    const outputs = runBatch({
      operator,
      params: operator.resolve(one.params),
      inputs: one.inputs.map((column) => column!),
    });
    for (const [output, field] of Object.entries(one.outputs)) {
      const expected = publishedValues(table, field);
      const found = outputs[operator.outputs.indexOf(output)]!.slice();
      if (one.from !== undefined) found.fill(Number.NaN, 0, one.from);
      expect({ output, ...firstMiss(expected, found) }).toEqual({ output });
    }
  });

  it("has the published chikou 26 rows later, where it is known", () => {
    const operator = operatorRegistry.get("ichimoku_cloud")!;
    const chikou = runBatch({ operator, params: operator.resolve({}), inputs: hlc })[4]!;
    const drawn = publishedValues("ichimoku", "chikouSpan"); // on row i the close of row i + 26
    for (let row = 52; row < close!.length; row++) expect(chikou[row]).toBe(drawn[row - 52]);
  });
});

/** The tables come from decimal or naive sums and carry about 12 correct digits; absent rows must agree. */
function firstMiss(expected: Column, found: Column): object | undefined {
  for (let row = 0; row < expected.length; row++) {
    const [left, right] = [expected[row]!, found[row]!];
    if (Number.isNaN(left) && Number.isNaN(right)) continue;
    if (Math.abs(left - right) <= 1e-10 + 1e-12 * Math.abs(left)) continue;
    return { row, expected: left, found: right };
  }
  return undefined;
}

import { readFileSync } from "node:fs";
import { publishedBars, runBatch } from "@qmtl/testkit/operators";
import { describe, expect, it } from "vitest";
import { operatorRegistry } from "./index.ts";

type Column = Float64Array;
interface Bars {
  readonly close: Column;
  readonly high: Column;
  readonly low: Column;
  readonly volume: Column;
}
interface Table {
  readonly first: number;
  readonly outputs: readonly (readonly number[])[];
}
type Series = "bars" | "offset" | "random";
interface Fixture {
  readonly step: number;
  readonly tables: Readonly<Record<string, Readonly<Record<Series, Table>>>>;
}

const fixture = JSON.parse(readFileSync(new URL("fixtures/talib.json", import.meta.url), "utf8")) as Fixture;

interface Case {
  readonly function: string;
  readonly operator: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly inputs: (bars: Bars) => readonly Column[];
  /** Our output for each of TA-Lib's. */
  readonly outputs: readonly string[];
  /** First row of ours when TA-Lib starts elsewhere; values are compared where both have one. */
  readonly first?: number;
  /** Row from which the values agree, where the two start differently and the difference decays. */
  readonly agreesFrom?: number;
  /** False where TA-Lib itself loses its digits on a series that sits at 1e9 (own calculation: numerics.test.ts). */
  readonly onOffset?: boolean;
}

const close = ({ close }: Bars) => [close];
const hl = ({ high, low }: Bars) => [high, low];
const hlc = ({ high, low, close }: Bars) => [high, low, close];
const hlcv = ({ high, low, close, volume }: Bars) => [high, low, close, volume];
const value = ["value"];

const cases: readonly Case[] = [
  { function: "SMA", operator: "sma", params: { period: 20 }, inputs: close, outputs: value },
  { function: "EMA", operator: "ema", params: { period: 20 }, inputs: close, outputs: value },
  { function: "WMA", operator: "wma", params: { period: 14 }, inputs: close, outputs: value },
  { function: "DEMA", operator: "dema", params: { period: 14, seed: "nested" }, inputs: close, outputs: value },
  { function: "TEMA", operator: "tema", params: { period: 14, seed: "nested" }, inputs: close, outputs: value },
  {
    function: "TRIX",
    operator: "trix",
    params: { period: 14, seed: "nested" },
    inputs: close,
    outputs: value,
    onOffset: false,
  },
  { function: "KAMA", operator: "kama", params: { period: 10 }, inputs: close, outputs: value, first: 9 },
  { function: "RSI", operator: "rsi", params: { period: 14 }, inputs: close, outputs: value },
  {
    function: "STOCHRSI",
    operator: "stoch_rsi",
    params: {},
    inputs: close,
    outputs: ["value", "signal"],
  },
  { function: "STOCH", operator: "stochastic_oscillator", params: {}, inputs: hlc, outputs: ["k", "d"] },
  {
    function: "MACD",
    operator: "macd",
    params: { seed: "aligned" },
    inputs: close,
    outputs: ["macd", "signal", "histogram"],
    onOffset: false,
  },
  { function: "BBANDS", operator: "bollinger_bands", params: {}, inputs: close, outputs: ["upper", "mid", "lower"] },
  { function: "ATR", operator: "atr", params: {}, inputs: hlc, outputs: value },
  { function: "TRANGE", operator: "true_range", params: {}, inputs: hlc, outputs: value },
  { function: "WILLR", operator: "williams_r", params: {}, inputs: hlc, outputs: value },
  { function: "CCI", operator: "cci", params: {}, inputs: hlc, outputs: value, onOffset: false },
  { function: "MFI", operator: "mfi", params: {}, inputs: hlcv, outputs: value },
  { function: "ROC", operator: "roc", params: { period: 10 }, inputs: close, outputs: value },
  { function: "MOM", operator: "diff", params: { period: 10 }, inputs: close, outputs: value },
  { function: "ADX", operator: "adx", params: {}, inputs: hlc, outputs: ["adx"], agreesFrom: 420 },
  { function: "PLUS_DI", operator: "adx", params: {}, inputs: hlc, outputs: ["plus_di"], agreesFrom: 350 },
  { function: "MINUS_DI", operator: "adx", params: {}, inputs: hlc, outputs: ["minus_di"], agreesFrom: 350 },
  { function: "SAR", operator: "parabolic_sar", params: { variant: "talib" }, inputs: hl, outputs: ["sar"] },
  { function: "AROON", operator: "aroon", params: { ties: "last" }, inputs: hl, outputs: ["down", "up"] },
  {
    function: "OBV",
    operator: "obv",
    params: { start: "volume" },
    inputs: ({ close, volume }) => [close, volume],
    outputs: value,
  },
  { function: "AD", operator: "adl", params: {}, inputs: hlcv, outputs: value },
  { function: "MAX", operator: "rolling_max", params: { period: 20 }, inputs: close, outputs: value },
  { function: "MIN", operator: "rolling_min", params: { period: 20 }, inputs: close, outputs: value },
  { function: "SUM", operator: "rolling_sum", params: { period: 20 }, inputs: close, outputs: value },
  {
    function: "STDDEV",
    operator: "rolling_stdev",
    params: { period: 14, deviation: "population" },
    inputs: close,
    outputs: value,
    onOffset: false,
  },
  {
    function: "VAR",
    operator: "rolling_variance",
    params: { period: 14, deviation: "population" },
    inputs: close,
    outputs: value,
    onOffset: false,
  },
  {
    function: "CORREL",
    operator: "rolling_correlation",
    params: { period: 20 },
    inputs: ({ close, volume }) => [close, volume],
    outputs: value,
    onOffset: false,
  },
];

const series: Readonly<Record<Series, Bars>> = {
  bars: realBars(0),
  offset: realBars(1e9),
  random: randomWalk(600),
};

describe.each(cases.map((one) => [one.function, one] as const))("TA-Lib %s", (name, one) => {
  const names: readonly Series[] = one.onOffset === false ? ["bars", "random"] : ["bars", "offset", "random"];
  it.each(names)("to 1e-9 relative on the series %s", (which) => {
    const operator = operatorRegistry.get(one.operator)!;
    const outputs = runBatch({
      operator,
      params: operator.resolve(one.params),
      inputs: one.inputs(series[which]),
    });
    const table = fixture.tables[name]![which];
    const ours = one.outputs.map((output) => outputs[operator.outputs.indexOf(output)]!);
    // TA-Lib withholds every line until the last of them has a value.
    expect(Math.max(...ours.map(firstRow))).toBe(one.first ?? table.first);
    for (const [line, expected] of table.outputs.entries()) {
      for (const [step, left] of expected.entries()) {
        const row = table.first + step * fixture.step;
        const right = ours[line]![row]!;
        if (row < (one.agreesFrom ?? 0) || isSame(left, right)) continue;
        expect.fail(`${one.outputs[line]!} on row ${row}: TA-Lib has ${left}, we have ${right}`);
      }
    }
  });
});

/** Relative to the number, or to 1 for oscillators near 0, where TA-Lib's own rounding is all there is. */
function isSame(left: number, right: number): boolean {
  return Math.abs(left - right) <= 1e-9 * Math.max(Math.abs(left), 1);
}

function firstRow(column: Column): number {
  return column.findIndex((number) => !Number.isNaN(number));
}

function realBars(offset: number): Bars {
  const { close, high, low, volume } = publishedBars("default");
  const moved = (column: Column | undefined) => column!.map((price) => price + offset);
  return { close: moved(close), high: moved(high), low: moved(low), volume: volume! };
}

/** The generator of make_talib.py, draw for draw. */
function randomWalk(rows: number): Bars {
  const column = () => new Float64Array(rows);
  const bars: Bars = { close: column(), high: column(), low: column(), volume: column() };
  let state = 12_345n;
  let level = 100;
  const draw = () => {
    state = (state * 1_103_515_245n + 12_345n) % 2n ** 31n;
    return Number(state) / 2 ** 31;
  };
  for (let row = 0; row < rows; row++) {
    level += draw() - 0.5;
    bars.close[row] = level;
    bars.high[row] = level + draw();
    bars.low[row] = level - draw();
    bars.volume[row] = Math.trunc(draw() * 1_000);
  }
  return bars;
}

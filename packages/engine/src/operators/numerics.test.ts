import { awkwardColumns, runBatch } from "@qmtl/testkit/operators";
import { describe, expect, it } from "vitest";
import { operatorRegistry } from "./index.ts";

const absent = Number.NaN;

describe("against a calculation in two passes", () => {
  const rows = 3_000;
  const wander = awkwardColumns(["a", "b"], rows, 3, { clean: true }).map((column) => column.map((x) => x % 1e6));
  const offset = wander.map((column) => column.map((x) => x + 1e9));
  const step = wander.map((column) => column.map((x, row) => (row < rows / 2 ? x : x * 1e-3 + 1e6)));

  const operators: Readonly<Record<string, (a: readonly number[], b: readonly number[]) => number>> = {
    rolling_variance: (a) => products(a, a) / (a.length - 1),
    rolling_stdev: (a) => Math.sqrt(products(a, a) / (a.length - 1)),
    rolling_zscore: (a) => (a.at(-1)! - mean(a)) / Math.sqrt(products(a, a) / (a.length - 1)),
    rolling_covariance: (a, b) => products(a, b) / (a.length - 1),
    rolling_correlation: (a, b) => products(a, b) / Math.sqrt(products(a, a) * products(b, b)),
    rolling_skew: (window) => {
      // The mean of numbers near 1e9 is itself only good to 1e-7: move them down first, which is exact.
      const a = window.map((x) => x - window[0]!);
      const n = a.length;
      const third = a.reduce((sum, x) => sum + (x - mean(a)) ** 3, 0) / n;
      return ((Math.sqrt(n * (n - 1)) / (n - 2)) * third) / (products(a, a) / n) ** 1.5;
    },
    sma: mean,
  };

  it.each(Object.keys(operators))("%s keeps nine digits, whatever the offset", (name) => {
    for (const columns of [wander, offset, step]) {
      for (const period of [3, 20, 250]) {
        const [found] = outputsOf(name, { period }, columns);
        for (let row = period - 1; row < rows; row += 13) {
          const [a, b] = columns.map((column) => [...column.subarray(row - period + 1, row + 1)]);
          const expected = operators[name]!(a!, b!);
          const scale = name === "rolling_covariance" ? Math.sqrt(products(a!, a!) * products(b!, b!)) / period : 1;
          const error = Math.abs(found![row]! - expected);
          expect(error / Math.max(Math.abs(expected), scale === 1 ? 0 : scale)).toBeLessThan(
            1e-9 + near0(name, expected),
          );
        }
      }
    }
  });

  it("does not drift over 300,000 rows", () => {
    const [prices] = awkwardColumns(["value"], 300_000, 9, { clean: true });
    const last = [...prices!.subarray(-50)];
    expect(outputsOf("sma", { period: 50 }, [prices!])[0]!.at(-1)).toBeCloseTo(mean(last), 10);
    const sd = outputsOf("rolling_stdev", { period: 50 }, [prices!])[0]!.at(-1)!;
    expect(sd / Math.sqrt(products(last, last) / 49)).toBeCloseTo(1, 12);
    const tenths = new Float64Array(300_000).fill(0.1);
    expect(outputsOf("cumulative_sum", {}, [tenths])[0]!.at(-1)).toBeCloseTo(30_000, 11);
  });
});

describe("a spike leaves no residue", () => {
  const prices = Float64Array.from({ length: 60 }, (_, row) => (row === 20 ? 1e15 : 100 + (row % 7) * 0.1));
  const calm = prices.map((price, row) => (row === 20 ? 100 : price));
  it.each(["sma", "wma", "rolling_sum", "rolling_stdev", "rolling_max", "rolling_median"])("%s", (name) => {
    const [spiked] = outputsOf(name, { period: 10 }, [prices]);
    const [clean] = outputsOf(name, { period: 10 }, [calm]);
    for (let row = 30; row < 60; row++) expect(spiked![row]).toBeCloseTo(clean![row]!, 12);
  });
});

describe("a flat series", () => {
  const price = 0.1;
  const flat = new Float64Array(80).fill(price);
  const bars = [flat, flat, flat];
  const lastOf = (name: string, params: object, columns: readonly Float64Array[]) =>
    outputsOf(name, params, columns).map((column) => column.at(-1));

  it.each(["sma", "ema", "wma", "smma", "dema", "tema", "hma", "rolling_max", "rolling_median"])(
    "%s is exactly the price",
    (name) => {
      const [column] = outputsOf(name, { period: 10 }, [flat]);
      expect(new Set(column!.filter((number) => !Number.isNaN(number)))).toEqual(new Set([price]));
    },
  );

  it("has a deviation of exactly 0, also after it was not flat", () => {
    const settled = Float64Array.from({ length: 80 }, (_, row) => (row < 40 ? 1e9 * Math.sin(row) : price));
    for (const name of ["rolling_stdev", "rolling_variance"]) {
      expect(outputsOf(name, { period: 10 }, [settled])[0]!.subarray(49)).toEqual(new Float64Array(31));
    }
    expect(lastOf("bollinger_bands", {}, [flat])).toEqual([price, price, price]);
    expect(lastOf("bollinger_width", {}, [flat])).toEqual([0]);
    expect(lastOf("macd", {}, [flat])).toEqual([0, 0, 0]);
    expect(lastOf("atr", {}, bars)).toEqual([0]);
  });

  it("has no ratio where nothing moved", () => {
    expect(lastOf("rsi", {}, [flat])).toEqual([absent]);
    expect(lastOf("bollinger_percent_b", {}, [flat])).toEqual([absent]);
    expect(lastOf("stochastic_oscillator", {}, bars)).toEqual([absent, absent]);
    expect(lastOf("rolling_zscore", { period: 10 }, [flat])).toEqual([absent]);
    expect(lastOf("rolling_skew", { period: 10 }, [flat])).toEqual([absent]);
    expect(lastOf("rolling_correlation", { period: 10 }, [flat, flat])).toEqual([absent]);
    expect(lastOf("cci", {}, bars)).toEqual([absent]);
    expect(lastOf("williams_r", {}, bars)).toEqual([absent]);
  });
});

describe("a monotone series", () => {
  const rising = Float64Array.from({ length: 60 }, (_, row) => 100 + row);
  const falling = rising.toReversed();

  it("has an RSI of exactly 100 and exactly 0", () => {
    for (const smoothing of ["wilder", "simple"]) {
      expect(outputsOf("rsi", { smoothing }, [rising])[0]!.at(-1)).toBe(100);
      expect(outputsOf("rsi", { smoothing }, [falling])[0]!.at(-1)).toBe(0);
    }
  });

  it("is its own rolling maximum or minimum", () => {
    expect(outputsOf("rolling_max", { period: 9 }, [rising])[0]!.subarray(8)).toEqual(rising.subarray(8));
    expect(outputsOf("rolling_min", { period: 9 }, [falling])[0]!.subarray(8)).toEqual(falling.subarray(8));
    expect(outputsOf("rolling_rank", { period: 9 }, [rising])[0]!.at(-1)).toBe(9);
  });
});

describe("absent rows", () => {
  const holed = Float64Array.of(1, 2, 3, absent, 5, 6, 7, 8);

  it("spoil the windows that hold them and no other", () => {
    expect([...outputsOf("sma", { period: 3 }, [holed])[0]!]).toEqual([
      absent,
      absent,
      2,
      absent,
      absent,
      absent,
      6,
      7,
    ]);
    expect([...outputsOf("rolling_max", { period: 3 }, [holed])[0]!]).toEqual([
      absent,
      absent,
      3,
      absent,
      absent,
      absent,
      7,
      8,
    ]);
    expect([...outputsOf("rolling_median", { period: 3 }, [holed])[0]!]).toEqual([
      absent,
      absent,
      2,
      absent,
      absent,
      absent,
      6,
      7,
    ]);
  });

  it("are passed over by a recursive mean", () => {
    const whole = holed.filter((number) => !Number.isNaN(number));
    const expected = [...outputsOf("ema", { period: 3 }, [whole])[0]!];
    expected.splice(3, 0, absent);
    expect([...outputsOf("ema", { period: 3 }, [holed])[0]!]).toEqual(expected);
  });

  it("do not poison when they are infinite", () => {
    const blown = holed.map((number) => (Number.isNaN(number) ? Infinity : number));
    for (const name of ["ema", "smma", "sma", "wma", "rolling_stdev", "rsi", "kalman_trend", "cumulative_sum"]) {
      const params = ["kalman_trend", "cumulative_sum"].includes(name) ? {} : { period: 3 };
      expect(outputsOf(name, params, [blown])[0]!.at(-1)).toBe(outputsOf(name, params, [holed])[0]!.at(-1));
    }
  });
});

it("an EMA of alpha 1 is the series, from the end of its seed", () => {
  const prices = Float64Array.of(1e15, 3, 0.1, 7, 0.3);
  expect([...outputsOf("ema", { period: 3, alpha: 1 }, [prices])[0]!.subarray(3)]).toEqual([7, 0.3]);
});

it("works on a window of one row", () => {
  const prices = Float64Array.of(3, absent, 5, -1, 0.1);
  for (const name of ["sma", "wma", "ema", "smma", "rolling_sum", "rolling_max", "rolling_min", "rolling_median"]) {
    expect([...outputsOf(name, { period: 1 }, [prices])[0]!]).toEqual([...prices]);
  }
});

function outputsOf(name: string, params: object, columns: readonly Float64Array[]): readonly Float64Array[] {
  const operator = operatorRegistry.get(name)!;
  const inputs = columns.slice(0, operator.inputs.length);
  return runBatch({ operator, params: operator.resolve({ ...params }), inputs });
}

function mean(values: readonly number[]): number {
  const [first] = values;
  return first! + values.reduce((sum, value) => sum + (value - first!), 0) / values.length;
}

function products(a: readonly number[], b: readonly number[]): number {
  const [left, right] = [mean(a), mean(b)];
  return a.reduce((sum, value, index) => sum + (value - left) * (b[index]! - right), 0);
}

/** Where the true value is near 0 because terms cancel, only the size of the terms can be asked for. */
function near0(name: string, expected: number): number {
  const cancels = name === "rolling_zscore" || name === "rolling_skew" || name === "rolling_correlation";
  return cancels ? 1e-9 / Math.max(Math.abs(expected), 1e-6) : 0;
}

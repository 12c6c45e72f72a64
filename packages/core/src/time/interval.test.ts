import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketStart, formatInterval, parseInterval, parsePeriod, shown } from "./index.ts";

describe("intervals", () => {
  it.each<[unknown, number]>([
    [1, 1_000],
    [60, 60_000],
    ["45s", 45_000],
    ["30m", 1_800_000],
    ["1h", 3_600_000],
    ["24H", 86_400_000],
    ["1d", 86_400_000],
    ["1w", 604_800_000],
    [" 1M ", 60_000],
    ["007m", 420_000],
  ])("reads %j as %d ms", (value, ms) => expect(parseInterval(value)).toBe(ms));

  it.each<unknown>([
    "0",
    0,
    "0s",
    -0,
    "-1m",
    -60,
    "1x",
    "m",
    "1",
    "",
    " ",
    "1 m",
    "1.5h",
    "1e3s",
    "1m30s",
    "٣m",
    1.5,
    0.001,
    Number.NaN,
    Infinity,
    1e300,
    "9999999999999999w",
    true,
    false,
    null,
    undefined,
    60n,
    ["1m"],
    { m: 1 },
    new Date(60),
  ])("refuses %o and names it", (value) => {
    expect(() => parseInterval(value)).toThrow(expect.objectContaining({ code: "INTERVAL_INVALID", exitCode: 2 }));
    expect(() => parseInterval(value)).toThrow(`found ${shown(value)}`);
  });

  it.each([
    [604_800_000, "1w"],
    [172_800_000, "2d"],
    [90_000, "90s"],
    [5_400_000, "90m"],
    [3_600_000, "1h"],
    [1_000, "1s"],
    [500, "0.5s"],
  ])("writes %d ms as %s", (ms, text) => expect(formatInterval(ms)).toBe(text));

  it("writes text that reads back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
        expect(parseInterval(formatInterval(seconds * 1_000))).toBe(seconds * 1_000);
        expect(parseInterval(seconds)).toBe(seconds * 1_000);
      }),
    );
  });
});

describe("buckets", () => {
  const intervals = fc.constantFrom("1s", "45s", "1m", "1h", "1d", "1w").map(parseInterval);
  const times = fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 });

  it("hold their time: a multiple of the interval, start included, end excluded", () => {
    fc.assert(
      fc.property(times, intervals, (timeMs, intervalMs) => {
        const start = bucketStart(timeMs, intervalMs);
        expect(start % intervalMs === 0).toBe(true);
        expect(start <= timeMs && timeMs < start + intervalMs).toBe(true);
        expect(bucketStart(start, intervalMs)).toBe(start);
        expect(bucketStart(start + intervalMs, intervalMs)).toBe(start + intervalMs);
      }),
    );
  });

  it("nest: an hour's bucket holds its minutes' buckets whole", () => {
    fc.assert(
      fc.property(times, (timeMs) => {
        expect(bucketStart(bucketStart(timeMs, 60_000), 3_600_000)).toBe(bucketStart(timeMs, 3_600_000));
      }),
    );
  });

  it("are UTC: a change of clocks makes no day longer or shorter", () => {
    // 2024-03-31 and 2024-10-27: clocks change in Europe, days of 23 and 25 hours there.
    for (const day of ["2024-03-31", "2024-10-27", "2024-03-10", "2024-11-03"]) {
      const start = Date.parse(`${day}T00:00:00Z`);
      const hours = Array.from({ length: 24 }, (_, hour) => start + hour * 3_600_000);
      expect(new Set(hours.map((time) => bucketStart(time, 86_400_000)))).toEqual(new Set([start]));
      expect(bucketStart(start + 86_400_000, 86_400_000)).toBe(start + 86_400_000);
    }
  });

  it("start on Thursdays when they are weeks: the epoch was one", () => {
    expect(new Date(bucketStart(Date.parse("2024-06-05T12:00:00Z"), 604_800_000)).getUTCDay()).toBe(4);
  });

  it("never start at negative zero", () => {
    expect(Object.is(bucketStart(0, 60_000), 0)).toBe(true);
    expect(Object.is(bucketStart(-0, 60_000), -0)).toBe(false);
    expect(bucketStart(-1, 60_000)).toBe(-60_000);
    expect(Object.is(bucketStart(-60_000, 60_000), -60_000)).toBe(true);
  });
});

describe("periods", () => {
  it.each([1, 20, 1_000_000])("takes %d", (period) => expect(parsePeriod(period)).toBe(period));
  it.each<unknown>([0, -0, -1, 1.5, 1_000_001, Number.NaN, Infinity, "20", true, null, undefined, 20n])(
    "refuses %o and names it",
    (period) => {
      expect(() => parsePeriod(period, "fast")).toThrow(expect.objectContaining({ code: "PERIOD_INVALID" }));
      expect(() => parsePeriod(period, "fast")).toThrow(/^fast must be a whole number of rows/);
      expect(() => parsePeriod(period)).toThrow(`found ${shown(period)}`);
    },
  );
});

describe("values quoted in messages", () => {
  it.each<[unknown, string]>([
    [1, "1"],
    ["1", '"1"'],
    [-0, "-0"],
    [1n, "1n"],
    [null, "null"],
    [undefined, "undefined"],
    [[1, 2], "an array of 2"],
    [{ a: 1 }, "an object"],
    [Object.create(null), "an object"],
    [new Map(), "a Map"],
    [new Int8Array(1), "an Int8Array"],
    [() => 1, "function (anonymous)"],
    [Symbol("x"), "Symbol(x)"],
    ["x".repeat(81), `"${"x".repeat(77)}..."`],
    [{ constructor: "x" }, "an object"],
  ])("%o is shown as %s", (value, text) => expect(shown(value)).toBe(text));
});

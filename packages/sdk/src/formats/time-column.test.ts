import { describe, expect, test } from "vitest";
import type { ReadOptions } from "./read-options.ts";
import { TimeColumn } from "./time-column.ts";

function read(texts: readonly string[], options: ReadOptions = {}, column = "time") {
  const times = new TimeColumn("x.csv", column, options);
  for (const [index, text] of texts.entries()) times.pushText(text, index + 2);
  const { time, reading } = times.finish((index) => index + 2);
  return {
    iso: Array.from(time, (ms) => (Number.isNaN(ms) ? null : new Date(ms).toISOString().replace(".000Z", "Z"))),
    reading,
  };
}

describe("texts", () => {
  const cases: readonly [string, string[], string[], ReadOptions?][] = [
    ["date only", ["2024-01-31"], ["2024-01-31T00:00:00Z"]],
    ["minutes", ["2020-12-15 09:30"], ["2020-12-15T09:30:00Z"]],
    ["offset", ["2024-01-31T09:30:00-05:00"], ["2024-01-31T14:30:00Z"]],
    ["offset without colon", ["2024-01-31 09:30:00+0545"], ["2024-01-31T03:45:00Z"]],
    ["pandas UTC", ["2024-01-31 09:30:00 UTC", "2024-01-31 09:31:00+00:00"], ["2024-01-31T09:30:00Z", "2024-01-31T09:31:00Z"]],
    ["nanoseconds are cut", ["2024-01-31T09:30:00.123999999Z"], ["2024-01-31T09:30:00.123Z"]],
    ["leap day", ["2024-02-29"], ["2024-02-29T00:00:00Z"]],
    ["before 1970", ["1950-01-03", "1899-12-31"], ["1950-01-03T00:00:00Z", "1899-12-31T00:00:00Z"]],
    ["US, proven", ["1/3/2017", "1/31/2017"], ["2017-01-03T00:00:00Z", "2017-01-31T00:00:00Z"]],
    ["European, proven", ["03/01/2017 09:30", "31/01/2017 16:00"], ["2017-01-03T09:30:00Z", "2017-01-31T16:00:00Z"]],
    ["German", ["31.12.2020 23:59:59"], ["2020-12-31T23:59:59Z"]],
    ["two-digit years", ["01/13/17", "12/31/99"], ["2017-01-13T00:00:00Z", "1999-12-31T00:00:00Z"]],
    ["year first", ["2017/01/03", "2017/1/4 9:30"], ["2017-01-03T00:00:00Z", "2017-01-04T09:30:00Z"]],
    ["half days", ["1/13/2017 12:05 AM", "1/13/2017 12:05 pm"], ["2017-01-13T00:05:00Z", "2017-01-13T12:05:00Z"]],
    ["as asked", ["03/04/2017"], ["2017-04-03T00:00:00Z"], { timeFormat: "DD/MM/YYYY" }],
    ["compact days", ["20170103", "20170104"], ["2017-01-03T00:00:00Z", "2017-01-04T00:00:00Z"]],
    ["zone in winter and summer", ["2024-01-31 09:30", "2024-07-31 09:30"], ["2024-01-31T14:30:00Z", "2024-07-31T13:30:00Z"], { timeZone: "America/New_York" }],
    ["days are not shifted", ["2024-01-31", "2024-02-01"], ["2024-01-31T00:00:00Z", "2024-02-01T00:00:00Z"], { timeZone: "Asia/Tokyo" }],
    ["midnights with offset are days", ["2024-03-08 00:00:00-05:00", "2024-03-11 00:00:00-04:00"], ["2024-03-08T00:00:00Z", "2024-03-11T00:00:00Z"]],
  ]; // prettier-ignore
  test.each(cases)("%s", (_, texts, expected, options) => {
    expect(read(texts, options).iso).toEqual(expected);
  });

  test("the repeated hour of autumn is told apart by order", () => {
    const texts = [
      "2024-11-03 00:30",
      "2024-11-03 01:00",
      "2024-11-03 01:30",
      "2024-11-03 01:00",
      "2024-11-03 01:30",
      "2024-11-03 02:00",
    ];
    expect(read(texts, { timeZone: "America/New_York" }).iso).toEqual([
      "2024-11-03T04:30:00Z", "2024-11-03T05:00:00Z", "2024-11-03T05:30:00Z",
      "2024-11-03T06:00:00Z", "2024-11-03T06:30:00Z", "2024-11-03T07:00:00Z",
    ]); // prettier-ignore
  });

  test("the hour that spring leaves out is moved on, and noted", () => {
    const { iso, reading } = read(["2024-03-10 01:30", "2024-03-10 02:30", "2024-03-10 03:30"], {
      timeZone: "America/New_York",
    });
    expect(iso).toEqual(["2024-03-10T06:30:00Z", "2024-03-10T07:30:00Z", "2024-03-10T07:30:00Z"]);
    expect(reading.nonexistentLocal).toEqual([{ index: 1, text: "2024-03-10T02:30:00" }]);
  });

  test("day and month that the file does not prove are asked for", () => {
    expect(() => read(["01/03/2017", "12/11/2017"])).toThrow(/row 2, column "time": .*no row has a day above 12/);
    expect(() => read(["13/01/2017", "01/13/2017"])).toThrow(/some rows have the day first and others the month first/);
    expect(() => read(["2/29/2023"])).toThrow(/expected a day that exists/);
  });

  test.each([["09:30"], ["yesterday"], ["2024-13-01"], ["2024-01-01T24:00"], ["2024-01-01 10:60"], ["2024-01-01X"]])(
    "%s is refused",
    (text) => {
      expect(() => read([text])).toThrow(/row 2, column "time": expected a (time|day that exists)/);
    },
  );

  test("times with and without offset do not mix", () => {
    expect(() => read(["2024-01-01T10:00Z", "2024-01-01T11:00"])).toThrow(/with and without an offset/);
  });

  test("an unknown zone or format is named", () => {
    expect(() => read(["2024-01-01 10:00"], { timeZone: "Mars/Olympus" })).toThrow(/IANA name; found "Mars\/Olympus"/);
    expect(() => read([], { timeFormat: "MM/DD/YY" as never })).toThrow(/timeFormat must be one of/);
  });
});

describe("epoch numbers", () => {
  const moment = 1_700_000_000;
  test.each([
    ["s", 1],
    ["ms", 1e3],
    ["us", 1e6],
    ["ns", 1e9],
  ])("%s, by size", (unit, scale) => {
    const { iso, reading } = read([`${moment * scale}`, `${(moment + 60) * scale}`]);
    expect(iso).toEqual(["2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z"]);
    expect(reading.description).toBe(`epoch ${unit}, by size`);
    expect(reading.ambiguousUnit).toBeUndefined();
  });

  test("daily steps in seconds stay seconds", () => {
    expect(read(["1699920000", "1700006400", "1700092800"]).iso[0]).toBe("2023-11-14T00:00:00Z");
  });

  test("doubt is named: 1970, and two units in one file", () => {
    expect(read(["20000000000"]).reading.ambiguousUnit).toBe("20000000000 would be in the year 1970 in ms");
    expect(read(["86400", "172800"]).reading.ambiguousUnit).toMatch(/in the year 1970 in s/);
    expect(read(["1700000000", "1700000060000"]).reading.ambiguousUnit).toMatch(/looks like s/);
  });

  test("a unit that is said, or in the column's name, is no guess", () => {
    expect(read(["20000000000"], { timeFormat: "epoch-s" })).toMatchObject({ iso: ["2603-10-11T11:33:20Z"] });
    for (const name of ["openTimeInMillis", "time_ms", "timeMs"]) {
      expect(read(["86400000"], {}, name).iso).toEqual(["1970-01-02T00:00:00Z"]);
    }
  });

  test("every whole millisecond survives nanoseconds", () => {
    for (let ms = 1_700_000_000_000; ms < 1_700_000_000_500; ms++) {
      expect(new Date(read([`${ms}000000`]).iso[0]!).getTime()).toBe(ms);
    }
  });

  test("milliseconds are cut to whole ones, wherever a fraction stands", () => {
    const moments = Array.from({ length: 10_000 }, (_, row) => moment * 1e3 + row);
    const texts = moments.map((ms, row) => (row === 9_000 ? `${ms}.75` : `${ms}`));
    expect(read(texts).iso).toEqual(moments.map((ms) => new Date(ms).toISOString().replace(".000Z", "Z")));
    expect(read(["-0.5", "1.5"], { timeFormat: "epoch-ms" }).iso).toEqual([
      "1969-12-31T23:59:59.999Z",
      "1970-01-01T00:00:00.001Z",
    ]);
  });

  test.each([0, 1, 4_095, 4_096, 4_097, 9_999])("the newest and the oldest may stand anywhere: row %i", (at) => {
    const column = (odd: string) => Array.from({ length: 10_000 }, (_, row) => (row === at ? odd : `${moment + row}`));
    expect(read(column("1700000060000")).reading.ambiguousUnit).toMatch(/looks like s/);
    expect(read(column("")).reading).toMatchObject({ description: "epoch s, by size" });
    expect(read(column(`${moment * 2}`), { timeFormat: "epoch-s" }).iso[at]).toBe("2077-09-27T20:26:40Z");
  });
});

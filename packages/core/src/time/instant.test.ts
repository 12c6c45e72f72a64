import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatInstant, parseInstant, parseIsoMs } from "./index.ts";

describe("instants", () => {
  it.each<[unknown, string]>([
    [1_700_000_000, "2023-11-14T22:13:20.000Z"],
    ["1700000000", "2023-11-14T22:13:20.000Z"],
    ["1700000000.25", "2023-11-14T22:13:20.250Z"],
    [-1.5, "1969-12-31T23:59:58.500Z"],
    [0, "1970-01-01T00:00:00.000Z"],
    ["2024-01-31", "2024-01-31T00:00:00.000Z"],
    [" 2024-01-31T09:30Z ", "2024-01-31T09:30:00.000Z"],
    ["2024-01-31 09:30:15", "2024-01-31T09:30:15.000Z"],
    ["2024-01-31T09:30:00z", "2024-01-31T09:30:00.000Z"],
    ["2024-01-31T09:30:00+09:00", "2024-01-31T00:30:00.000Z"],
    ["2024-01-31T09:30:00+0530", "2024-01-31T04:00:00.000Z"],
    ["2024-12-31T23:30:00-00:45", "2025-01-01T00:15:00.000Z"],
    ["2024-01-31T09:30:00.1234567Z", "2024-01-31T09:30:00.123Z"],
    ["2024-01-31T09:30:00.999999999Z", "2024-01-31T09:30:00.999Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2000-02-29", "2000-02-29T00:00:00.000Z"],
    ["1969-07-20T20:17:40Z", "1969-07-20T20:17:40.000Z"],
    ["0099-01-01", "0099-01-01T00:00:00.000Z"],
    [new Date(5), "1970-01-01T00:00:00.005Z"],
    // The hour that clocks skip or repeat elsewhere is an hour like any other.
    ["2024-03-31T02:30:00", "2024-03-31T02:30:00.000Z"],
  ])("reads %o as %s", (value, iso) => expect(formatInstant(parseInstant(value))).toBe(iso));

  it.each<unknown>([
    "",
    "yesterday",
    "2023-02-29",
    "1900-02-29",
    "2024-02-30",
    "2024-13-01",
    "2024-00-10",
    "2024-01-00",
    "2024-01-31T24:00:00Z",
    "2024-01-31T09:60:00Z",
    "2024-01-31T09:30:60Z",
    "2024-01-31T09:30:00+25:00",
    "2024-01-31T09:30:00+09:60",
    "2024-01-31T09Z",
    "2024-01-31Z09:30",
    "2024-1-31",
    "31.01.2024",
    "2024-01-31T09:30:00.Z",
    "1e9",
    "0x10",
    Number.NaN,
    Infinity,
    true,
    null,
    undefined,
    1n,
    [1],
    new Date(Number.NaN),
  ])("refuses %o", (value) => {
    expect(() => parseInstant(value, "--start-time")).toThrow(expect.objectContaining({ code: "TIME_INVALID" }));
    expect(() => parseInstant(value, "--start-time")).toThrow(/^--start-time must be/);
  });

  it("takes milliseconds for the mistake they are", () => {
    expect(() => parseInstant(1_700_000_000_000)).toThrow("looks like milliseconds");
    expect(() => parseInstant("2016")).toThrow(expect.objectContaining({ hint: "write 2016-01-01" }));
    expect(() => parseInstant("1700000000000")).toThrow(expect.objectContaining({ hint: "write 1700000000" }));
  });

  it("writes text that reads back, whatever the offset it is written with", () => {
    const time = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
    const offset = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(time, offset, (timeMs, minutes) => {
        expect(parseIsoMs(formatInstant(timeMs))).toBe(timeMs);
        const local = new Date(timeMs + minutes * 60_000);
        fc.pre(local.getUTCFullYear() >= 1 && local.getUTCFullYear() <= 9_999);
        const clock = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
          .map((part) => String(part).padStart(2, "0"))
          .join(":");
        const text = `${local.toISOString().slice(0, -1)}${minutes < 0 ? "-" : "+"}${clock}`;
        expect(parseIsoMs(text)).toBe(timeMs);
      }),
    );
  });
});

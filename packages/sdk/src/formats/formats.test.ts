import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "@qmtl/engine/frame";
import { afterAll, describe, expect, test } from "vitest";
import { readDataFile, readJson, readJsonLines, writeArrow, writeCsv, writeJsonLines, writeParquet } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "qmtl-formats-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;

// Written by pyarrow from these values; 2024-01-01T00:00Z and every minute after.
const start = Date.UTC(2024, 0, 1);
test.each(["bars-zstd.parquet", "bars-gzip.parquet", "bars.arrow", "bars.arrows"])("%s", async (name) => {
  const rows = await readDataFile(fixture(name));
  expect([...rows.time]).toEqual([0, 1, 2, 3, 4].map((minute) => start + minute * 60_000));
  expect(rows.ignored).toEqual(["symbol"]);
  expect(Object.fromEntries(Object.entries(rows.columns).map(([field, column]) => [field, [...column]]))).toEqual({
    open: [1.5, 2.25, Number.NaN, 4, 5],
    close: [1.1, 2.2, 3.3, 4.4, 5.5].map(Math.fround),
    volume: [10, 20, 30, 40, 50],
  });
});

test.each(["days.parquet", "days.arrow"])("%s holds days", async (name) => {
  const rows = await readDataFile(fixture(name));
  expect([...rows.time]).toEqual([0, 1, 2, 3, 4].map((day) => start + day * 86_400_000));
  expect(rows.timeReading.isDays).toBe(true);
  expect([...rows.columns["close"]!]).toEqual([1, 2, 3, 4, 5]);
  if (name === "days.arrow") expect([...rows.columns["flag"]!]).toEqual([1, 0, 1, Number.NaN, 1]);
});

describe("what is written comes back", () => {
  const frame: Frame = {
    intervalMs: 60_000,
    length: 3,
    time: Float64Array.of(start, start + 60_000, start + 180_000),
    columns: { close: Float64Array.of(0.1, Number.NaN, 1e-300), "a,b": Float64Array.of(1, 2, 3) },
  };
  const writers = { csv: writeCsv, jsonl: writeJsonLines, parquet: writeParquet, arrow: writeArrow };
  test.each(Object.entries(writers))("%s", async (extension, write) => {
    const path = join(folder, `frame.${extension}`);
    await write(path, frame);
    const rows = await readDataFile(path);
    expect(rows.time).toEqual(frame.time);
    expect(rows.columns).toEqual(frame.columns);
  });

  test("a folder that is not there is named", async () => {
    await expect(writeCsv(join(folder, "none", "x.csv"), frame)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  });
});

describe("JSON", () => {
  test("a real array with numbers as text", async () => {
    const path = new URL("../../../../../shared/data/bars/one_week_in_minutes.json", import.meta.url).pathname;
    const rows = await readJson(path);
    const truth = JSON.parse(readFileSync(path, "utf8")) as {
      openTimeInMillis: number;
      close: string;
      volume: string;
    }[];
    expect(rows.timeReading).toMatchObject({ column: "openTimeInMillis", description: "epoch ms" });
    expect([...rows.time]).toEqual(truth.map((bar) => bar.openTimeInMillis));
    expect([...rows.columns["close"]!]).toEqual(truth.map((bar) => Number(bar.close)));
    expect([...rows.columns["volume"]!]).toEqual(truth.map((bar) => Number(bar.volume)));
    expect(rows.ignored).toEqual(["base", "counter", "openTimeInISO"]);
  });

  const cases: readonly [string, string, RegExp][] = [
    ["x.jsonl", '{"time":1700000000000,"close":1}\n{"time":', /row 2 is no JSON object/],
    ["x.jsonl", '{"time":1700000000000,"close":1}\n\n{"time":1700000060000,"close":"abc"}', /row 3, column "close": expected a number; found "abc"/],
    ["x.jsonl", "5\n", /row 1, column "\(row\)": expected an object/],
    ["x.jsonl", '{"time":true,"close":1}', /row 1, column "time": expected a time/],
    ["x.json", '{"time":1}', /expected a JSON array of objects/],
    ["x.json", "[1,", /expected a JSON array of objects;/],
  ]; // prettier-ignore
  test.each(cases)("%s %s", async (name, content, message) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    await expect(readDataFile(path)).rejects.toThrow(message);
  });

  test("lines: blank ones, a byte order mark, missing keys", async () => {
    const path = join(folder, "y.jsonl");
    writeFileSync(path, '\uFEFF{"ts":"2024-01-01","close":1,"open":null}\n\n{"ts":"2024-01-02","close":"2.5"}');
    const rows = await readJsonLines(path);
    expect([...rows.columns["close"]!]).toEqual([1, 2.5]);
    expect([...rows.columns["open"]!]).toEqual([Number.NaN, Number.NaN]);
    expect(rows.rowNumber(1)).toBe(3);
  });
});

test("files that are not what their name says", async () => {
  for (const extension of ["parquet", "arrow"]) {
    const path = join(folder, `bad.${extension}`);
    writeFileSync(path, "time,close\n1,2\n".repeat(20));
    await expect(readDataFile(path)).rejects.toMatchObject({ code: "DATA_FORMAT" });
  }
  await expect(readDataFile("bars.xlsx")).rejects.toThrow(/the file name tells no format/);
});

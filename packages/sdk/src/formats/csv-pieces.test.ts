import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readCsv } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "qmtl-pieces-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

function written(text: string): string {
  const path = join(folder, `${count++}.csv`);
  writeFileSync(path, text);
  return path;
}

// Lines of 20 to 90 bytes, so that pieces end anywhere in them.
function numbers(length: number): { readonly lines: string[]; readonly values: Float64Array } {
  const values = Float64Array.from({ length }, (_, i) => (i % 3 === 0 ? i / 100 : Math.sqrt(i + 1) * (i % 2 === 0 ? 1 : -1)));
  const lines = Array.from(values, (value, i) => `${1_700_000_000_000 + i * 60_000},${value},${"7".repeat(i % 13)}.5`);
  return { lines, values };
} // prettier-ignore

describe("a file of many pieces", () => {
  test.each([
    ["one thread", 100_000],
    ["several threads", 500_000],
  ])("reads like one of few: %s", async (_, length) => {
    const { lines, values } = numbers(length);
    const path = written(`time,a,b\n${lines.join("\n")}`);
    // Again, now that the threads are there.
    for (let round = 0; round < 2; round++) {
      const rows = await readCsv(path);
      expect(rows.length).toBe(length);
      expect(rows.columns["a"]!.every((value, index) => Object.is(value, values[index]))).toBe(true);
      expect(rows.time.every((ms, index) => ms === 1_700_000_000_000 + index * 60_000)).toBe(true);
      expect(rows.rowNumber(length - 1)).toBe(length + 1);
    }
  });

  test("with other lines in between", async () => {
    const { lines, values } = numbers(60_000);
    const expected = Float64Array.from(values);
    const [exponent, absent, spaced] = [123, 30_000, 59_998];
    lines[exponent] = `1700007380000,1.5e-3,1`;
    lines[absent] = `1701800000000,nan`;
    lines[spaced] = `1703599880000, "2.5" ,1`;
    expected[exponent] = 0.0015;
    expected[absent] = Number.NaN;
    expected[spaced] = 2.5;
    lines[40_000] = `\n\n${lines[40_000]}`;
    const rows = await readCsv(written(`time,a,b\r\n${lines.join("\r\n")}\r\n`));
    expect(rows.columns["a"]!.findIndex((value, index) => !Object.is(value, expected[index]))).toBe(-1);
    expect(rows.columns["b"]![absent]).toBeNaN();
    expect([39_999, 40_000, 59_999].map((index) => rows.rowNumber(index))).toEqual([40_001, 40_004, 60_003]);
  });

  test("whose columns show only late what they hold", async () => {
    const { lines, values } = numbers(60_000);
    const late = lines.map((line, i) => `${line},${i < 30_000 ? "" : i},${i < 40_000 ? "" : "text"}`);
    const rows = await readCsv(written(`time,a,b,late,note\n${late.join("\n")}`));
    expect(rows.ignored).toEqual(["note"]);
    expect(rows.columns["late"]!.subarray(29_999, 30_002)).toEqual(Float64Array.of(Number.NaN, 30_000, 30_001));
    expect(rows.columns["a"]!.every((value, index) => Object.is(value, values[index]))).toBe(true);
  });

  test("with a line longer than a piece", async () => {
    const { lines, values } = numbers(60_000);
    const noted = lines.map((line, i) => `${line},${i === 40_000 ? "n".repeat(700_000) : "n"}`);
    const rows = await readCsv(written(`time,a,b,note\n${noted.join("\n")}`));
    expect(rows.length).toBe(60_000);
    expect(rows.columns["a"]!.every((value, index) => Object.is(value, values[index]))).toBe(true);
    expect(rows.rowNumber(59_999)).toBe(60_001);
  });

  test("a wrong cell is named with its line", async () => {
    const { lines } = numbers(100_000);
    lines[70_000] = "1700000000000,1,abc";
    lines[90_000] = "1700000000000,1,def";
    await expect(readCsv(written(`time,a,close\n${lines.join("\n")}`), { columns: { b: "close" } })).rejects.toThrow(
      /row 70002, column "close": expected a number; found "abc"/,
    );
  });

  test("times in ISO-8601, with other offsets among them", async () => {
    const at = (i: number) => 1_700_000_000_000 + i * 60_000;
    const lines = Array.from({ length: 60_000 }, (_, i) => `${new Date(at(i)).toISOString()},${i}`);
    lines[50_000] = `${new Date(at(50_000) + 9 * 3_600_000).toISOString().slice(0, 19)}+09:00,50000`;
    const { time, timeReading } = await readCsv(written(`time,a\n${lines.join("\n")}`));
    expect(time.findIndex((ms, i) => ms !== (i === 50_000 ? Math.floor(at(i) / 1_000) * 1_000 : at(i)))).toBe(-1);
    expect(timeReading.description).toBe("ISO-8601 with offset");
  });

  test("reading stops when it is told to", async () => {
    const { lines } = numbers(100_000);
    const stop = new AbortController();
    const reading = readCsv(written(`time,a,b\n${Array.from({ length: 8 }, () => lines.join("\n")).join("\n")}`), {
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 1);
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

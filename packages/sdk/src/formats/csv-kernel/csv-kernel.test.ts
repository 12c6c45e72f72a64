import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readIso } from "../iso-time.ts";
import { CsvKernel } from "./csv-kernel.ts";
import { columnKind, timeFlag } from "./memory-map.ts";
import { straightMax } from "./row-kernel.ts";

const { skip, time, number, undecided } = columnKind;
const kernel = new CsvKernel();
/** As of a processor that rounds a product before it takes it from a number. */
const roundingKernel = new CsvKernel(undefined, false);

function parse(kinds: readonly number[], text: string, reader = kernel) {
  reader.setLayout({ kinds: Uint8Array.from(kinds), delimiter: 44, decimal: 46 });
  reader.fill(0, Buffer.from(text));
  reader.parse(0);
  const rows = reader.get(0, "rows");
  const left = [...reader.oddRuns(0)].map(({ rowsBefore, from, to }) => ({
    rowsBefore,
    text: Buffer.from(reader.bytes.subarray(from, to)).toString("utf8"),
  }));
  const columns = kinds.map((_, column) => [...reader.column(0, column, kinds.length, 0, rows)]);
  return { rows, left, columns, flags: reader.get(0, "flags") };
}

/** The value of one cell between two others; undefined when the kernel leaves its line alone. */
function cell(kind: number, text: string, reader = kernel): number | undefined {
  const { rows, left, columns } = parse([number, kind, number], `7,${text},8\n`, reader);
  if (rows === 0) {
    expect(left).toEqual([{ rowsBefore: 0, text: `7,${text},8\n` }]);
    return undefined;
  }
  expect([columns[0]![0], columns[2]![0]]).toEqual([7, 8]);
  return columns[1]![0];
}

const digits = (min: number, max: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max }).map((list) => list.join(""));

describe("numbers", () => {
  test.each([
    ["fused", kernel],
    ["rounded", roundingKernel],
  ])("are the doubles nearest to their text, products %s", (_, reader) => {
    const plain = fc
      .tuple(fc.constantFrom("", "-"), digits(1, 12), fc.option(digits(0, 16)))
      .map(([sign, whole, fraction]) => sign + whole + (fraction === null ? "" : `.${fraction}`));
    const small = fc
      .tuple(fc.nat(12), digits(1, 17))
      .map(([zeros, rest]) => `0.${"0".repeat(zeros)}${rest}`.slice(0, 32));
    const shortest = fc
      .double({ min: 1e-6, max: 1e15, noNaN: true })
      .map(String)
      .filter((text) => !text.includes("e"));
    // Half way between two doubles, and next to it.
    const middle = fc
      .tuple(fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n - 1n }), fc.integer({ min: 1, max: 8 }), fc.constantFrom(-1n, 0n, 1n))
      .map(([mantissa, places, off]) => {
        const scaled = String((2n * mantissa + 1n) * 5n ** BigInt(places) * 2n ** BigInt(places - 1) + off);
        return `${scaled.slice(0, -places)}.${scaled.slice(-places)}`;
      }); // prettier-ignore
    fc.assert(
      fc.property(fc.oneof(plain, small, shortest, middle), (text) => {
        const value = cell(number, text, reader);
        if (value !== undefined && !Object.is(value, Number(text))) throw new Error(`${text} became ${value}`);
        // What programs write is not left alone.
        if (value === undefined) expect(text.replace(/^-?0*\.?0*/, "").replace(".", "").length).toBeGreaterThan(18);
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([
    ["0", 0], ["-0", -0], ["7", 7], ["-7", -7], ["5.", 5], [".5", 0.5], ["-.25", -0.25], ["0.1", 0.1], ["100.25", 100.25],
    ["1700000000000", 1_700_000_000_000], ["9007199254740993", 9_007_199_254_740_992], ["1700000000000000000", 1.7e18],
    ["0.30000000000000004", 0.30000000000000004], ["99.98181516155771", 99.98181516155771], ["4503599627370496.5", 4_503_599_627_370_496],
    ["1.0000000000000002", 1.0000000000000002], ["0.99999999999999989", 0.9999999999999999], ["0.0000000000000000000001", 1e-22],
    ["00000000000000000000000000000001", 1], ["0000000000000.00", 0], ["18446744073709551615", undefined], ["1e5", undefined],
    ["+5", undefined], ["-", undefined], [".", undefined], ["-.", undefined], ["1.2.3", undefined], ["1 ", undefined], [" 1", undefined],
    ["1-2", undefined], ["12345678.1234x678", undefined], ["1x.12345678901234", undefined], ["nan", undefined], ['"1"', undefined],
    ["é", undefined], ["١", undefined], ["0".repeat(33), undefined], ["1:5", undefined], ["1/5", undefined], ["--1", undefined],
  ] as const)("%s", (text, expected) => {
    expect(cell(number, text)).toBe(expected);
  }); // prettier-ignore

  test("with a decimal comma, a point is none", () => {
    kernel.setLayout({ kinds: Uint8Array.of(number, number), delimiter: 59, decimal: 44 });
    kernel.fill(0, Buffer.from("1,5;2,25\n1.5;2\n"));
    kernel.parse(0);
    expect([...kernel.column(0, 0, 2, 0, 1), ...kernel.column(0, 1, 2, 0, 1)]).toEqual([1.5, 2.25]);
    expect([...kernel.oddRuns(0)].length).toBe(1);
  });

  test("the character before a cell plays no part", () => {
    expect(parse([number, number, number], "1.,.5,5.\n-.5,1,.1\n").columns).toEqual([[1, -0.5], [0.5, 1], [5, 0.1]]); // prettier-ignore
  });
});

describe("times", () => {
  const two = (max: number) => fc.nat(max).map((value) => String(value).padStart(2, "0"));
  const text = fc
    .tuple(fc.nat(9_999), two(13), two(32), fc.constantFrom("T", " "), two(24), two(60), fc.option(two(60)), fc.option(digits(1, 9)), fc.constantFrom("", "", "Z", "+00:00", "+09:00", " UTC"), fc.boolean())
    .map(([year, month, day, mark, hour, minute, second, fraction, offset, isDay]) => {
      const date = `${String(year).padStart(4, "0")}-${month}-${day}`;
      const seconds = second === null ? "" : `:${second}${fraction === null ? "" : `.${fraction}`}`;
      return isDay ? date : `${date}${mark}${hour}:${minute}${seconds}${offset}`;
    }); // prettier-ignore

  test("are what readIso says", () => {
    fc.assert(
      fc.property(text, (written) => {
        const { rows, columns, flags } = parse([time, number], `${written},1\n`);
        const iso = { wallMs: 0, offsetMinutes: 0 };
        const bytes = Buffer.from(written);
        const isTime = readIso(bytes, 0, bytes.length, iso);
        if (rows === 0) return;
        expect({ isTime, ms: columns[0]![0], flags }).toEqual({
          isTime: true,
          ms: iso.wallMs,
          flags: Number.isNaN(iso.offsetMinutes) ? timeFlag.wall : timeFlag.offset,
        });
        if (flags === timeFlag.offset) expect(iso.offsetMinutes).toBe(0);
      }),
      { numRuns: 10_000 },
    );
  });

  test.each([
    ["2024-02-29", Date.UTC(2024, 1, 29)],
    ["2023-02-29", undefined],
    ["1900-02-29", undefined],
    ["2000-02-29", Date.UTC(2000, 1, 29)],
    ["1969-12-31T23:59", Date.UTC(1969, 11, 31, 23, 59)],
    ["2020-01-02 03:04:05", Date.UTC(2020, 0, 2, 3, 4, 5)],
    ["2020-01-02T03:04:05.678901Z", Date.UTC(2020, 0, 2, 3, 4, 5, 678)],
    ["2020-01-02 03:04:05+00:00", Date.UTC(2020, 0, 2, 3, 4, 5)],
    ["2020-01-02 03:04:05+01:00", undefined],
    ["2020-04-31", undefined],
    ["2020-01-02T24:00", undefined],
    ["2020-01-02T03:04:", undefined],
    ["2020-01-02T03:0", undefined],
    ["", undefined],
  ])("%s", (written, expected) => {
    expect(cell(time, written)).toBe(expected);
  });
});

describe("lines", () => {
  test("of another kind are left alone, and said where", () => {
    const lines = ["1,2", "x,2", "3", "", "4,5", "6,7,8", "9,10", '"1",2', "11,12"];
    const { rows, left, columns } = parse([number, number], `${lines.join("\n")}\n`);
    expect(rows).toBe(4);
    expect(columns).toEqual([[1, 4, 9, 11], [2, 5, 10, 12]]); // prettier-ignore
    expect(left).toEqual([
      { rowsBefore: 1, text: "x,2\n3\n\n" },
      { rowsBefore: 2, text: "6,7,8\n" },
      { rowsBefore: 3, text: '"1",2\n' },
    ]);
  });

  test("end in a carriage return or not", () => {
    expect(parse([number, number], "1,2\r\n3,4\n5,\r\n\r\n").columns).toEqual([[1, 3, 5], [2, 4, Number.NaN]]); // prettier-ignore
  });

  test("absent numbers are NaN, also where the kind of a column is not known", () => {
    const { columns, left } = parse([number, undecided, skip], ",,any text\n1,,2\n1,2,3\n");
    expect(columns.slice(0, 2)).toEqual([[Number.NaN, 1], [Number.NaN, Number.NaN]]); // prettier-ignore
    expect(left).toEqual([{ rowsBefore: 2, text: "1,2,3\n" }]);
  });

  test("more odd runs than there is room for leave the rest", () => {
    const lines = Array.from({ length: 3_000 }, (_, index) => `${index},1\n${index},x\n`);
    const { rows, left } = parse([number, number], lines.join(""));
    expect(rows).toBe(1_024);
    expect(left.length).toBe(1_024);
    expect(left.at(-1)).toEqual({ rowsBefore: 1_024, text: `1023,x\n${lines.slice(1_024).join("")}` });
  });

  test("of many empty cells", () => {
    const kinds = Array.from({ length: 200 }, () => number);
    const { rows, columns } = parse(kinds, `${",".repeat(199)}\n`.repeat(50));
    expect(rows).toBe(50);
    expect(columns.flat().every(Number.isNaN)).toBe(true);
  });

  test("of many columns are read as those of few, which have code of their own", () => {
    const texts = fc.constantFrom("", "1", "-2.5", "99.98181516155771", "2024-01-31T10:00:00Z", "2024-01-31", "x", '"1"');
    const kinds = fc.array(fc.constantFrom(skip, time, number, number, undecided), { minLength: 2, maxLength: straightMax });
    const file = kinds.chain((all) => {
      const cells = fc.array(texts, { minLength: all.length - 1, maxLength: all.length + 1 });
      const usual = { [skip]: ["any"], [time]: ["2024-01-31", "2024-01-31T10:00Z"], [number]: ["", "7", "-0.25"], [undecided]: [""] };
      const likely = fc.tuple(...all.map((kind) => fc.constantFrom(...usual[kind])));
      const lines = fc.array(fc.tuple(fc.oneof(likely, cells), fc.constantFrom("\n", "\r\n")), { minLength: 1, maxLength: 8 });
      return fc.tuple(fc.constant(all), lines);
    });
    const more = Array.from({ length: straightMax }, () => skip);
    let rowsSeen = 0;
    fc.assert(
      fc.property(file, ([all, lines]) => {
        const written = (tail: string) => lines.map(([cells, end]) => cells.join() + tail + end).join("");
        const tail = ",z".repeat(more.length);
        const [few, many] = [parse(all, written("")), parse([...all, ...more], written(tail))];
        rowsSeen += few.rows;
        expect(many.rows).toBe(few.rows);
        if (few.left.length === 0) expect(many.flags).toBe(few.flags);
        expect(many.left.map(({ rowsBefore, text }) => ({ rowsBefore, text: text.replaceAll(tail, "") }))).toEqual(few.left);
        for (const [column, kind] of all.entries()) if (kind !== skip) expect(many.columns[column]).toEqual(few.columns[column]);
      }),
      { numRuns: 1_000 },
    );
    expect(rowsSeen).toBeGreaterThan(1_000);
  }); // prettier-ignore
});

import fc from "fast-check";
import { expect, it } from "vitest";
import type { FileRows } from "../formats/index.ts";
import { checkGaps } from "./check-gaps.ts";
import { checkEveryValue } from "./check-values.ts";
import { FindingList } from "./finding.ts";
import { areOrdinaryBars, isRegular } from "./ordinary-rows.ts";
import { settleRows } from "./settle.ts";

const fields = ["open", "high", "low", "close", "volume"] as const;
const odd = fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, -1, 5e-324, 1e308, 99.999_999_999_9, 200);
const faults = fc.array(fc.tuple(fc.nat(9), fc.constantFrom(...fields), odd), { maxLength: 2 });
const parts = fc.tuple(
  fc.double({ min: 0.9, max: 1.1, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

function rowsOf(time: readonly number[], columns: FileRows["columns"] = {}): FileRows {
  return {
    source: "x.csv",
    length: time.length,
    time: Float64Array.from(time),
    timeReading: { column: "time", description: "epoch ms", isDays: false, nonexistentLocal: [] },
    columns,
    ignored: [],
    rowNumber: (index) => index + 1,
  };
}

it("passes no bars in which a check would find something, and all that have nothing odd", () => {
  let passed = 0;
  fc.assert(
    fc.property(
      fc.array(parts, { minLength: 1, maxLength: 10 }),
      faults,
      fc.constantFrom(0.05, 0.4),
      fc.boolean(),
      (steps, wrong, jumpMax, hasVolume) => {
        let price = 100;
        const bars = steps.map(([move, up, down]) => {
          const [open, close] = [price, (price *= move)];
          return { open, high: Math.max(open, close) + up, low: Math.min(open, close) - down, close, volume: up * 10 };
        });
        const columns = Object.fromEntries(
          fields.slice(0, hasVolume ? 5 : 4).map((field) => [field, Float64Array.from(bars, (bar) => bar[field])]),
        );
        for (const [row, field, value] of wrong) {
          const column = columns[field];
          if (column !== undefined && row < bars.length) column[row] = value;
        }
        const rows = rowsOf(
          bars.map((_, row) => row * 60_000),
          columns,
        );
        const findings = new FindingList();
        checkEveryValue(rows, 0, bars.length, jumpMax, findings);
        const ordinary = areOrdinaryBars(rows, 0, bars.length, jumpMax);
        if (ordinary) expect(findings.findings("x.csv")).toEqual([]);
        if (wrong.length === 0) expect(ordinary).toBe(findings.findings("x.csv").length === 0);
        passed += ordinary ? 1 : 0;
      },
    ),
    { numRuns: 2_000 },
  );
  expect(passed).toBeGreaterThan(200);
});

it("passes no prices without bars in which a check would find something, and all that have nothing odd", () => {
  fc.assert(
    fc.property(fc.array(parts, { minLength: 1, maxLength: 10 }), faults, (steps, wrong) => {
      let price = 100;
      const close = Float64Array.from(steps, ([move]) => (price *= move));
      for (const [row, , value] of wrong) if (row < close.length) close[row] = value;
      const rows = rowsOf(
        steps.map((_, row) => row * 60_000),
        { open: close, high: close, low: close, close },
      );
      const findings = new FindingList();
      checkEveryValue(rows, 0, close.length, 0.05, findings);
      expect(areOrdinaryBars(rows, 0, close.length, 0.05)).toBe(findings.findings("x.csv").length === 0);
    }),
    { numRuns: 1_000 },
  );
});

it("looks at rows beyond a piece too", () => {
  const length = 10_000;
  for (const row of [0, 4_095, 4_096, 9_999]) {
    for (const columns of [["close"], ["close", "volume"]]) {
      const close = new Float64Array(length).fill(100);
      const bars = { open: close, high: close, low: close, close, ...(columns.length > 1 && { volume: close }) };
      const rows = rowsOf(
        Array.from({ length }, () => 0),
        bars,
      );
      expect(areOrdinaryBars(rows, 0, length, 0.4)).toBe(true);
      close[row] = 200;
      expect(areOrdinaryBars(rows, 0, length, 0.4)).toBe(false);
    }
  }
});

it("passes no columns that it does not know", () => {
  const column = Float64Array.of(1, 1);
  const bars = { open: column, high: column, low: column, close: column, volume: column };
  expect(areOrdinaryBars(rowsOf([0, 1], bars), 0, 2, 0.4)).toBe(true);
  expect(areOrdinaryBars(rowsOf([0, 1], { ...bars, spread: column }), 0, 2, 0.4)).toBe(false);
  expect(areOrdinaryBars(rowsOf([0, 1], { close: column }), 0, 2, 0.4)).toBe(false);
  const { volume, ...prices } = bars;
  expect(areOrdinaryBars(rowsOf([0, 1], prices), 0, 2, 0.4)).toBe(true);
  expect(areOrdinaryBars(rowsOf([0, 1], { ...prices, spread: volume }), 0, 2, 0.4)).toBe(false);
});

it("takes for regular only times that need no settling and have no gaps", () => {
  let regular = 0;
  const step = fc.oneof({ weight: 12, arbitrary: fc.constant(60_000) }, fc.constantFrom(0, 1, 120_000, -60_000, NaN));
  fc.assert(
    fc.property(fc.constantFrom(0, 60_000, 1), fc.array(step, { maxLength: 8 }), (first, steps) => {
      const time: number[] = [first];
      for (const each of steps) time.push(time.at(-1)! + each);
      const rows = rowsOf(time);
      const isPlain = first % 60_000 === 0 && steps.every((each) => each === 60_000);
      expect(isRegular(rows.time, rows.length, 60_000)).toBe(isPlain);
      if (!isPlain) return;
      regular++;
      const findings = new FindingList();
      expect(settleRows(rows, findings)).toBe(rows);
      expect(settleRows(rows, findings, { intervalMs: 60_000, shiftMs: 0 })).toBe(rows);
      expect(checkGaps(rows, 60_000, "24x7", true, findings)).toEqual({ missingBuckets: 0, longestGapMs: 0 });
      expect(checkGaps(rows, 60_000, "weekdays", false, findings)).toEqual({ missingBuckets: 0, longestGapMs: 0 });
      expect(findings.findings("x.csv")).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
  expect(regular).toBeGreaterThan(100);
});

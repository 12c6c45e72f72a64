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
      (steps, wrong, jumpMax) => {
        let price = 100;
        const bars = steps.map(([move, up, down]) => {
          const [open, close] = [price, (price *= move)];
          return { open, high: Math.max(open, close) + up, low: Math.min(open, close) - down, close, volume: up * 10 };
        });
        const columns = Object.fromEntries(
          fields.map((field) => [field, Float64Array.from(bars, (bar) => bar[field])]),
        );
        for (const [row, field, value] of wrong) if (row < bars.length) columns[field]![row] = value;
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

it("passes no columns that it does not know", () => {
  const column = Float64Array.of(1, 1);
  const bars = { open: column, high: column, low: column, close: column, volume: column };
  expect(areOrdinaryBars(rowsOf([0, 1], bars), 0, 2, 0.4)).toBe(true);
  expect(areOrdinaryBars(rowsOf([0, 1], { ...bars, spread: column }), 0, 2, 0.4)).toBe(false);
  expect(areOrdinaryBars(rowsOf([0, 1], { close: column }), 0, 2, 0.4)).toBe(false);
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

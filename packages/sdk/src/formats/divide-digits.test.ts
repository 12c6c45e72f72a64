import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { divideDigits } from "./divide-digits.ts";

const nineDigits = fc.integer({ min: 0, max: 999_999_999 });

function textOf(head: number, tail: number, places: number): string {
  return `${head * 1 === 0 ? "" : head}${String(tail).padStart(9, "0")}e-${places}`;
}

describe("divideDigits", () => {
  it("gives the double that Number gives for the same digits, or none", () => {
    let undecided = 0;
    fc.assert(
      fc.property(nineDigits, nineDigits, fc.integer({ min: 0, max: 22 }), (head, tail, places) => {
        const value = divideDigits(head, tail, places);
        if (Number.isNaN(value)) undecided++;
        else expect(value).toBe(Number(textOf(head, tail, places)));
      }),
      { numRuns: 20_000 },
    );
    expect(undecided).toBeLessThan(200); // of 20,000, many of which fast-check places at round numbers
  });

  it("reads back doubles written in full", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e7, noNaN: true }), (written) => {
        const [whole = "", fraction = ""] = String(written).split(".");
        const digits = `${whole}${fraction}`.padStart(18, "0");
        if (digits.length > 18 || /e/.test(digits)) return;
        const value = divideDigits(Number(digits.slice(0, 9)), Number(digits.slice(9)), fraction.length);
        expect(Number.isNaN(value) || value === written).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it("does not decide what lies in the middle between two doubles", () => {
    // 2^53 + 1 = 9007199254740993: as far from 9007199254740992 as from 9007199254740994.
    expect(divideDigits(9_007_199, 254_740_993, 0)).toSatisfy((value: number) => {
      return Number.isNaN(value) || value === 9_007_199_254_740_992;
    });
    expect(divideDigits(9_007_199, 254_740_994, 0)).toBe(9_007_199_254_740_994);
    expect(divideDigits(9_007_199, 254_740_995, 0)).toSatisfy((value: number) => {
      return Number.isNaN(value) || value === 9_007_199_254_740_996;
    });
  });
});

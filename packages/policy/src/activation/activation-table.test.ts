import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { activationOf, activationStateHash, activationTable, effectiveModeOf, lowerMode } from "./index.ts";
import type { ActivationEntry } from "./index.ts";

const entry: ActivationEntry = {
  strategyId: "s",
  side: "long",
  active: true,
  weight: 0.5,
  freeze: false,
  drain: false,
  effectiveMode: null,
};

describe("an entry", () => {
  it.each<[string, Partial<ActivationEntry>, string]>([
    ["that is active", {}, "active"],
    ["frozen and draining", { freeze: true, drain: true }, "frozen"],
    ["draining and active", { drain: true }, "draining"],
    ["not active", { active: false }, "inactive"],
    ["without weight", { weight: 0 }, "inactive"],
    ["with a weight that is none", { weight: Number.NaN }, "inactive"],
    ["with more than all", { weight: 1.5 }, "inactive"],
    ["whose flags are missing", { freeze: undefined } as never, "frozen"],
  ])("%s", (_, changes, expected) => expect(activationOf({ ...entry, ...changes })).toBe(expected));

  it("that is not there is inactive", () => expect(activationOf(undefined)).toBe("inactive"));
});

describe("the state hash", () => {
  const entries = fc.uniqueArray(
    fc.record<ActivationEntry>({
      strategyId: fc.constantFrom("a", "b", "long a", "é"),
      side: fc.constantFrom("long", "short"),
      active: fc.boolean(),
      weight: fc.constantFrom(0, 0.5, 1),
      freeze: fc.boolean(),
      drain: fc.boolean(),
      effectiveMode: fc.constantFrom(null, "paper", "live"),
    }),
    { selector: ({ strategyId, side }) => `${side} ${strategyId}`, maxLength: 4 },
  );
  const sorted = (some: readonly ActivationEntry[]): unknown =>
    some.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

  it("is equal exactly for equal activation (W-10)", () => {
    fc.assert(
      fc.property(entries, entries, (a, b) => {
        const equal = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(activationStateHash(activationTable(a)) === activationStateHash(activationTable(b))).toBe(equal);
        expect(activationStateHash(activationTable([...a].reverse()))).toBe(activationStateHash(activationTable(a)));
      }),
      { numRuns: 500 },
    );
  });
});

describe("modes", () => {
  it.each([
    ["paper", "paper"],
    ["Paper_Trading", "paper"],
    ["live", "live"],
    ["active", "live"],
    ["validate", "validate"],
    ["compute_only", "compute-only"],
    ["shadow", "compute-only"],
    ["", "compute-only"],
    [undefined, "compute-only"],
    [1, "compute-only"],
  ])("%j is %s", (word, expected) => expect(effectiveModeOf(word)).toBe(expected));

  it("the lower of two is the more careful one", () => {
    expect(lowerMode("live", "paper")).toBe("paper");
    expect(lowerMode("validate", "compute-only")).toBe("validate");
  });
});

import { describe, expect, it } from "vitest";
import { parseCondition } from "./index.ts";

const names = ["fast", "slow", "side"];

describe("a condition", () => {
  it.each([
    ["fast < slow", { fast: 2, slow: 3 }, true],
    ["fast<slow", { fast: 3, slow: 3 }, false],
    ["fast <= slow", { fast: 3, slow: 3 }, true],
    ["slow > 10.5", { slow: 10 }, false],
    ["slow >= -3", { slow: -3 }, true],
    ["fast == slow", { fast: 3, slow: 3 }, true],
    ["fast != 3", { fast: 3 }, false],
  ])("%s of %o is %s", (text, params, expected) => {
    expect(parseCondition(text, names)(params)).toBe(expected);
  });

  it.each([
    ["fast", /expected a comparison/],
    ["fast < slow < 3", /expected a comparison/],
    ["fast + 1 < slow", /expected a comparison/],
    ["process.exit() < 1", /expected a comparison/],
    ["fsat < slow", /names "fsat", which is not swept/],
  ])("refuses %s", (text, message) => {
    expect(() => parseCondition(text, names)).toThrow(message);
  });

  it("refuses to compare words", () => {
    expect(() => parseCondition("side < 3", names)({ side: "long" })).toThrow(/"side" has the value "long"/);
  });
});

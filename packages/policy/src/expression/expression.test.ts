import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, parseExpression, type Scope } from "./index.ts";

const scope: Scope = {
  metrics: { sharpe: 1.2, dd: 0.2, trades: 50, zero: 0, nan: Number.NaN, inf: Infinity, "a-b": 3 },
  evidence: { parity: "pass", trials: 12 },
  strategyId: "s1",
  side: "long",
  sector: "energy",
  tags: ["momentum", "btc"],
};

function valueOf(source: string): number | boolean | string {
  const result = evaluate(parseExpression(source, "gate"), scope);
  return result.kind === "value" ? result.value : `${result.missing ? "missing" : "none"}: ${result.reason}`;
}

describe("expressions", () => {
  it.each<[string, number | boolean]>([
    ["sharpe >= 1", true],
    ["sharpe + 0.1*trades - 2*dd", 1.2 + 0.1 * 50 - 2 * 0.2],
    ["trades / 4", 12.5], // numbers are doubles: no integer division
    ["-sharpe < 0 && !(dd > 0.25)", true],
    ["sharpe > 2 || dd <= 0.2", true],
    ["trades % 7 == 1", true],
    ["sharpe >= 0.6 and dd <= 0.25 AND not (trades < 40 or trades > 60)", true],
    ['side == "and" or side == \'or "not\'', false],
    ['metrics["a-b"] == 3', true],
    ["metrics.sharpe > 1", true],
    ["has(metrics.sharpe) && !has(metrics.nothing) && !has(metrics.nan)", true],
    ['evidence.parity == "pass" && evidence.trials <= 20', true],
    ['"momentum" in tags && side == "long" && sector in ["energy", "tech"]', true],
    ['strategy_id != "s2"', true],
    ["max(sharpe, dd, 0) + min(1, 2) + abs(-1) + sqrt(4) + size(tags)", 1.2 + 1 + 1 + 2 + 2],
    ["dd < 0.1 ? 1 : 2", 2],
    ["true || nothing > 1", true],
    ["nothing > 1 || true", true],
    ["nothing > 1 && false", false],
  ])("%s", (source, expected) => expect(valueOf(source)).toBe(expected));

  it.each([
    ["nothing > 1", 'missing: metric "nothing" is missing'],
    ["!(nothing > 1)", 'missing: metric "nothing" is missing'],
    ["nan < 1", 'missing: metric "nan" is not a finite number; found NaN'],
    ["!(inf > 1)", 'missing: metric "inf" is not a finite number; found Infinity'],
    ["nothing > 1 || false", 'missing: metric "nothing" is missing'],
    ["evidence.manifest == 1", 'missing: evidence "manifest" is missing'],
    ["1 / zero > 0", "none: 1 / 0 is not a finite number"],
    ["log(zero) < 0", "none: log(0) is not a finite number"],
    ['sharpe > "1"', "none: > needs two numbers"],
    ["sharpe && true", "none: && needs true or false"],
    ['"text"', "none: the result is neither a number nor true or false"],
    ["metrics.toString > 1", 'missing: metric "toString" is missing'],
    ["constructor > 1", 'missing: metric "constructor" is missing'],
  ])("%s has no value (W-8)", (source, reason) => expect(valueOf(source)).toBe(reason));

  it.each([
    ['strategy_id.matches("(a+)+b")', "matches is refused"],
    ["tags.exists(t, t == 1)", "exists() is refused"],
    ["[1].map(x, [1].map(y, x))", "map() is refused"],
    ["cel.bind(x, 1, x)", "bind() is refused"],
    ['timestamp("2024-01-01T00:00:00Z") > 1', "there is no timestamp()"],
    ["sqrt(1, 2) > 1", "sqrt() takes 1 arguments"],
    ["has(sharpe)", "has() takes one field"],
    ["sharpe.x > 1", "only metrics and evidence have fields"],
    ["metrics[side] > 1", "a field is named by a text"],
    ["{1: 2}", "maxMapEntries"],
    ["a >=", "unexpected token: EOF"],
    ["9007199254740993 > 1", "expected a number"],
    ["1e999 > 1", "invalid number"],
    [`${"(".repeat(60)}1${")".repeat(60)} > 0`, "maxDepth"],
    [`${"!".repeat(1_500)}true`, ""],
    [`[${"1,".repeat(100)}1] == 1`, "maxListElements"],
    [`${"a+".repeat(300)}1 > 0`, "maxAstNodes"],
    [`${"a".repeat(2_001)} > 0`, "longer than 2000"],
  ])("refuses %s", (source, why) => {
    expect(() => parseExpression(source, "gate 2")).toThrow(why);
    expect(() => parseExpression(source, "gate 2")).toThrow(/^gate 2, character \d+ of /);
  });

  it("names the metrics it may read", () => {
    expect(parseExpression('a > 1 && metrics["b-c"] < a && side == "long"', "x").metrics).toEqual(["a", "b-c"]);
  });

  it("ends with a value or a reason on any text, in time", () => {
    const words = fc.constantFrom(
      "a",
      "1",
      "(",
      ")",
      "+",
      "&&",
      "!",
      "[",
      "]",
      ".",
      '"x"',
      "in",
      "?",
      ":",
      "max",
      ",",
      "-",
      "<",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (tokens) => {
        try {
          expect(valueOf(tokens.join(" "))).toBeDefined();
        } catch (error) {
          expect(error).toMatchObject({ code: "EXPRESSION_INVALID" });
        }
      }),
      { numRuns: 500 },
    );
  });
});

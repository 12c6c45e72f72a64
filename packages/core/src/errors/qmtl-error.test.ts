import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assert, errorCatalog, nearestWord, QmtlError, type ErrorCode } from "./index.ts";

describe("the error catalog", () => {
  it.each(Object.entries(errorCatalog))(
    "%s: upper-case words, exit code, HTTP status, a plain summary",
    (code, entry) => {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect([1, 2]).toContain(entry.exitCode);
      expect(entry.http).toBeGreaterThanOrEqual(400);
      expect(entry.http).toBeLessThan(600);
      expect(entry.summary).toMatch(/^[a-z].*[^.]$/);
    },
  );
});

describe("QmtlError", () => {
  it("carries code, message, details, hint and cause", () => {
    const cause = new Error("inner");
    const error = new QmtlError("DATA_GAP", "a row is missing", { details: { row: 3 }, hint: "fill it", cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "QmtlError",
      code: "DATA_GAP",
      message: "a row is missing",
      details: { row: 3 },
      hint: "fill it",
      cause,
      exitCode: 1,
    });
  });

  it("has no cause, hint or details unless given", () => {
    const error = new QmtlError("USAGE", "unknown command");
    expect("cause" in error).toBe(false);
    expect(error.hint).toBeUndefined();
    expect(error.details).toEqual({});
    expect(error.exitCode).toBe(2);
  });

  it("takes the exit code from the catalog", () => {
    for (const code of Object.keys(errorCatalog) as ErrorCode[]) {
      expect(new QmtlError(code, "x").exitCode).toBe(errorCatalog[code].exitCode);
    }
  });
});

it("assert throws a plain error, which is a bug and not a user's mistake", () => {
  expect(() => assert(true, "fine")).not.toThrow();
  expect(() => assert(0, "rows are sorted")).toThrow("internal: rows are sorted");
  expect(() => assert(undefined, "x")).not.toThrow(QmtlError);
});

describe("nearest word", () => {
  const commands = ["up", "init", "run", "report", "graph", "verify", "sweep"];
  it.each([
    ["reprot", "report"],
    ["REPORT", "report"],
    ["grph", "graph"],
    ["verfiy", "verify"],
    ["rnu", "run"],
    ["banana", undefined],
    ["xyz", undefined],
    ["fo", undefined],
    ["", undefined],
    ["x", undefined],
  ])("%j -> %j", (word, expected) => expect(nearestWord(word, commands)).toBe(expected));

  it("finds the word itself before any other, and nothing among none", () => {
    fc.assert(
      fc.property(fc.constantFrom(...commands), fc.shuffledSubarray(commands, { minLength: 7 }), (word, order) => {
        expect(nearestWord(word, order)).toBe(word);
      }),
    );
    expect(nearestWord("run", [])).toBeUndefined();
  });
});

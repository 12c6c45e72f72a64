import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalParams,
  compareCodePoints,
  contextKeys,
  float,
  readJson,
  sortByCodePoint,
  sortedAsciiJson,
} from "./index.ts";

describe("canonical params", () => {
  it("sorts keys by code point, not by UTF-16 unit", () => {
    expect(canonicalParams({ "😀": 2, "\uff5e": 1, a: 0, B: 0, 10: 0, 9: 0 })).toBe(
      '{"10":0,"9":0,"B":0,"a":0,"～":1,"😀":2}',
    );
    const byCodePoint = (a: string, b: string): number => {
      const [left, right] = [a, b].map((text) => Array.from(text, (c) => c.codePointAt(0)!));
      for (let i = 0; i < Math.min(left!.length, right!.length); i++) {
        if (left![i] !== right![i]) return left![i]! - right![i]!;
      }
      return left!.length - right!.length;
    };
    const text = fc.string({ unit: "binary", maxLength: 4 });
    fc.assert(
      fc.property(text, text, text, (prefix, a, b) => {
        const expected = Math.sign(byCodePoint(prefix + a, prefix + b));
        expect(Math.sign(compareCodePoints(prefix + a, prefix + b))).toBe(expected);
      }),
    );
  });

  it("puts whole lists into the order that sorting by code points gives", () => {
    const texts = fc.array(fc.oneof(fc.string({ maxLength: 3 }), fc.string({ unit: "binary", maxLength: 3 })));
    fc.assert(
      fc.property(texts, (list) => {
        expect(sortByCodePoint([...list])).toEqual(list.toSorted(compareCodePoints));
      }),
    );
    expect(sortByCodePoint(["😀", "\uff5e", "b", "a"])).toEqual(["a", "b", "\uff5e", "😀"]);
  });

  it("drops every context key at every depth, by exact case, and keeps null", () => {
    for (const key of contextKeys) {
      expect(canonicalParams({ [key]: 1, a: [{ [key]: { b: 1 }, c: null }] })).toBe('{"a":[{"c":null}]}');
    }
    expect(canonicalParams({ World: 1, AS_OF: 2 })).toBe('{"AS_OF":2,"World":1}');
  });

  it("writes text raw and escapes as the reference does", () => {
    expect(canonicalParams('é\n\u007f\u2028😀"\\/\t\u0001')).toBe('"é\\n\u007f\u2028😀\\"\\\\/\\t\\u0001"');
    expect(sortedAsciiJson('é\n\u007f\u2028😀"\\/\t\u0001')).toBe(
      String.raw`"\u00e9\n\u007f\u2028\ud83d\ude00\"\\/\t\u0001"`,
    );
  });

  it("writes our own numbers as integers where they are, and floats otherwise", () => {
    expect(canonicalParams([1, float(1), -0, 0, 2 ** 53, 2n ** 64n, 1e21, 0.1, float(-0)])).toBe(
      "[1,1.0,-0.0,0,9007199254740992.0,18446744073709551616,1e+21,0.1,-0.0]",
    );
    expect(canonicalParams(2n)).toBe(canonicalParams(2));
  });

  it("takes absence as null at the top and as a missing key inside", () => {
    expect(canonicalParams(undefined)).toBe("null");
    expect(canonicalParams({ a: undefined, b: null })).toBe('{"b":null}');
    expect(canonicalParams(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
  });

  it.each<[string, unknown, RegExp]>([
    ["NaN", { a: [1, Number.NaN] }, /^a\.1 must be a finite number; found NaN/],
    ["infinity", { a: Infinity }, /^a must be a finite number/],
    ["a lone surrogate", { a: "\ud800" }, /surrogates in pairs/],
    ["a lone surrogate in a key", { "\udc00": 1 }, /surrogates in pairs/],
    ["__proto__", JSON.parse('{"a":{"__proto__":1}}'), /no key "__proto__"/],
    ["a Uint8Array", { a: new Uint8Array([1]) }, /plain object or array; found a Uint8Array/],
    ["a Float64Array", new Float64Array(2), /found a Float64Array/],
    ["a Map", new Map([["a", 1]]), /found a Map/],
    ["a Set", new Set([1]), /found a Set/],
    ["a Date", new Date(0), /found a Date/],
    ["a class instance", new (class Point {})(), /found a Point/],
    ["a function", { a: () => 1 }, /found function a/],
    ["a symbol", Symbol("x"), /a JSON value/],
    ["undefined in an array", [undefined], /^0 must be a JSON value; found undefined/],
    // oxlint-disable-next-line no-sparse-arrays -- the hole is the point
    ["a hole", [1, , 2], /without holes/],
    ["a named property of an array", Object.assign([1], { extra: 1 }), /named properties/],
  ])("refuses %s", (_name, value, message) => {
    expect(() => canonicalParams(value)).toThrow(expect.objectContaining({ code: "VALUE_NOT_HASHABLE" }));
    expect(() => canonicalParams(value)).toThrow(message);
    expect(() => sortedAsciiJson(value)).toThrow(message);
  });

  it("refuses a cycle and 65 levels, takes 64", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    expect(() => canonicalParams(cyclic)).toThrow("64 levels of nesting and no cycle");
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(canonicalParams(nested(64))).toBe(`${"[".repeat(64)}1${"]".repeat(64)}`);
    expect(() => canonicalParams(nested(65))).toThrow("64 levels");
  });
});

// JSON values that hold their int/float choice; keys short, so that equal keys and nesting happen.
const key = fc
  .string({ unit: "binary", maxLength: 3 })
  .filter((text) => text !== "__proto__" && !contextKeys.has(text));
const { value: jsonValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, false, 0, 1, -1, float(0), float(-0), float(1), "", "1", "0", [], {}),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(float),
    fc.string({ unit: "binary", maxLength: 4 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
}));

describe("equivalent params agree, different params differ", () => {
  it("does not depend on insertion order", () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== "object" || value === null) return value;
      if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, item]) => [name, reversed(item)]),
      );
    };
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(canonicalParams(reversed(value))).toBe(canonicalParams(value));
        expect(sortedAsciiJson(reversed(value))).toBe(sortedAsciiJson(value));
      }),
    );
  });

  it("loses nothing: the text reads back to a value with the same text, in both forms", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(canonicalParams(readJson(canonicalParams(value)))).toBe(canonicalParams(value));
        expect(canonicalParams(readJson(sortedAsciiJson(value)))).toBe(canonicalParams(value));
      }),
    );
  });

  it("tells any two different values apart", () => {
    fc.assert(
      fc.property(jsonValue, jsonValue, (a, b) => {
        expect(canonicalParams(a) === canonicalParams(b)).toBe(sameValue(a, b));
      }),
      { numRuns: 500 },
    );
  });

  const different: readonly unknown[] = [
    null,
    false,
    true,
    0,
    float(0),
    float(-0),
    "0",
    1,
    float(1),
    "1",
    "",
    [],
    {},
    [[]],
    [{}],
    [1],
    [1, 2],
    [2, 1],
    [[1], 2],
    [1, [2]],
    ["1"],
    "[1]",
    { 0: 1 },
    { a: null },
    { a: {} },
    { a: [] },
    { a: 1 },
    { a: { b: 1 } },
    { a: { b: 1 }, c: 2 },
    { a: { b: 1, c: 2 } },
    { A: 1 },
    "é", // NFC
    "e\u0301", // NFD: not normalised, as in the reference
    { é: 1 },
    { "e\u0301": 1 },
    "null",
    9007199254740993n,
    9007199254740992n,
  ];
  it("tells the classic near misses apart", () => {
    const texts = different.map(canonicalParams);
    expect(new Set(texts).size).toBe(different.length);
  });
});

// Independent of the writer: structural equality with integers and floats kept apart.
function sameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return a === b && !(Object.is(a, -0) !== Object.is(b, -0));
  }
  if (a.constructor?.name === "Float" || b.constructor?.name === "Float") {
    return a.constructor === b.constructor && Object.is(a.valueOf(), b.valueOf());
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    left.length === right.size && left.every(([name, item]) => right.has(name) && sameValue(item, right.get(name)))
  );
}

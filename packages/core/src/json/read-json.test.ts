import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QmtlError } from "../errors/index.ts";
import { canonicalParams, float, type Float, plainJson, readJson, type WireObject, type WireValue } from "./index.ts";

describe("reading JSON strictly (D-1)", () => {
  it("keeps integers and floats apart", () => {
    expect(readJson("[1, 1.0, 1e0, -0, -0.0, 0.5]")).toEqual([1, float(1), float(1), 0, float(-0), float(0.5)]);
    expect(Object.is((readJson("-0.0") as Float).value, -0)).toBe(true);
    expect(Object.is(readJson("-0"), 0)).toBe(true);
  });

  it("keeps integers beyond 2^53 exact", () => {
    expect(readJson("9007199254740991")).toBe(9_007_199_254_740_991);
    expect(readJson("9007199254740993")).toBe(9_007_199_254_740_993n);
    expect(() => plainJson(readJson("[9007199254740993]"))).toThrow("within ±(2^53 - 1)");
  });

  it.each([
    ["NaN", "a JSON value"],
    ["-Infinity", "a JSON value"],
    ["[1e400]", "range of a double"],
    [`1${"0".repeat(400)}`, "range of a double"],
    ['{"a":1,"b":2,"a":1}', '"a" occurs twice'],
    [String.raw`{"a":1,"\u0061":2}`, '"a" occurs twice'],
    ['{"__proto__":{}}', '"__proto__"'],
    [String.raw`{"__pr\u006fto__":1}`, '"__proto__"'],
    [String.raw`"\ud800"`, "surrogates in pairs"],
    [String.raw`"\udc00\ud800"`, "surrogates in pairs"],
    [`"${"\ud83d"}x"`, "surrogates in pairs"],
    ["\ufeff{}", "a JSON value"],
    ["", "found the end of the text"],
    ["[1,]", "a JSON value"],
    ["[1 2]", '"," or "]"'],
    ['{"a" 1}', '":"'],
    ["{a:1}", "double quotes"],
    ["{'a':1}", "double quotes"],
    ["01", "the end of the text"],
    ["+1", "a JSON value"],
    [".5", "a JSON value"],
    ["1.", "the end of the text"],
    ["tru", "a JSON value"],
    ['"a\nb"', "control characters"],
    [String.raw`"\x41"`, "one of the escapes"],
    [String.raw`"\u12g4"`, "four hex digits"],
    ['"abc', "closing double quote"],
    ["{} {}", "the end of the text"],
    ["// no\n1", "a JSON value"],
  ])("refuses %j", (text, reason) => {
    expect(() => readJson(text)).toThrow(expect.objectContaining({ code: "JSON_INVALID" }));
    expect(() => readJson(text)).toThrow(reason);
  });

  it("takes 64 levels of nesting and refuses the 65th", () => {
    expect(() => readJson("[".repeat(64) + "]".repeat(64))).not.toThrow();
    expect(() => readJson("[".repeat(65) + "]".repeat(65))).toThrow("64 levels");
    expect(() => readJson("[".repeat(1_000_000))).toThrow("64 levels");
  });

  it("says where the text went wrong", () => {
    expect(() => readJson('{\n  "a": nope\n}', "the body")).toThrow(
      'the body, line 2, column 8: expected a JSON value; found "nope\\n}"',
    );
  });

  it("joins surrogates whether they are written raw or escaped", () => {
    expect(readJson(String.raw`"\ud83d\ude00"`)).toBe("😀");
    expect(readJson('"\ud83d\\ude00"')).toBe("😀");
  });

  it("keeps keys that only look dangerous, as own properties", () => {
    const value = readJson('{"constructor":1,"toString":2}') as Record<string, unknown>;
    expect(Object.entries(value)).toEqual([
      ["constructor", 1],
      ["toString", 2],
    ]);
  });

  it("reads what JSON.parse reads, wherever JSON.parse is strict enough", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 2), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        fc.pre(!spaced.includes("__proto__") && !/[0-9]{16}/.test(spaced));
        expect(JSON.stringify(plainJson(readJson(spaced)))).toBe(JSON.stringify(JSON.parse(spaced)));
      }),
    );
  });

  it("accepts no text that JSON.parse refuses", () => {
    const mutated = fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, inserted]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + inserted + text.slice(cut + 1);
    });
    fc.assert(
      fc.property(mutated, (text) => {
        try {
          readJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(QmtlError);
          return;
        }
        JSON.parse(text);
      }),
      { numRuns: 500 },
    );
  });
});

describe("objects one after the other", () => {
  // "a" in two spellings, and a value that holds objects itself: what the reader expects after one object may not come.
  const key = fc.constantFrom(
    '"a"',
    String.raw`"\u0061"`,
    '"b"',
    '"c"',
    '"d"',
    '"1"',
    '"ab"',
    '"é"',
    '"è"',
    '"😀"',
    '"params"',
  );
  const scalar = fc.constantFrom(
    "1",
    "12",
    '"x"',
    '"y"',
    '"é"',
    '"ü"',
    '"😀"',
    String.raw`"\u0078"`,
    "true",
    "0.5",
    "-3e2",
  );
  const { objects } = fc.letrec<{ objects: string; object: string; value: string }>((tie) => ({
    objects: fc.array(tie("object"), { maxLength: 5 }).map((all) => `[${all.join(",")}]`),
    object: fc
      .array(fc.tuple(key, tie("value")), { maxLength: 5 })
      .map((members) => `{${members.map(([name, value]) => `${name}: ${value}`).join(" ,")}}`),
    value: fc.oneof({ maxDepth: 2 }, scalar, tie("object"), tie("objects")),
  }));

  it("each have their own keys, and none of them twice", () => {
    fc.assert(
      fc.property(objects, (text) => {
        // The platform keeps the last of two equal keys: an object that has fewer than its text has some twice.
        const expected: unknown = JSON.parse(text);
        const count = (value: unknown): number =>
          typeof value !== "object" || value === null
            ? 0
            : Object.values(value).reduce(
                (sum: number, each) => sum + count(each),
                Array.isArray(value) ? 0 : Object.keys(value).length,
              );
        if (count(expected) < text.split(":").length - 1) expect(() => readJson(text)).toThrow("occurs twice");
        else expect(plainJson(readJson(text))).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it("tell the canonical text of params where that is how they stand", () => {
    const known = new Map<WireValue, string>();
    const nodes = readJson(
      `[{"params":{"a":1,"b":[-1,1e+16,"é"]}},{"params":{"b":1,"a":1}},{"params":{"a":1,"b":-0}},{"params":{"a":1, "b":1}},
        {"params":{"a":"\\u0061"}},{"params":{"a":1,"world":1}},{"params":{"a":1e3}},{"params":{"a":1.0,"b":123456789012345678}}]`,
      "x",
      100,
      known,
    ) as WireObject[];
    const texts = nodes.map((node) => known.get(node["params"]!));
    expect(texts.flatMap((text, index) => (text === undefined ? [] : [index]))).toEqual([0, 7]);
    const all = fc.tuple(objects, fc.boolean());
    fc.assert(
      fc.property(all, ([text, isTight]) => {
        known.clear();
        try {
          readJson(isTight ? text.replaceAll(" ", "") : text, "x", 10_000, known);
        } catch {
          return; // a key occurs twice
        }
        for (const [value, canonical] of known) expect(canonical).toBe(canonicalParams(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it("may have more keys than anyone expects", () => {
    const wide = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
    const value = [wide(100), wide(200), wide(3), wide(100)];
    expect(readJson(JSON.stringify(value))).toEqual(value);
    expect(() => readJson(`[${JSON.stringify(wide(100))},{"k99":1,"k3":1,"k99":1}]`)).toThrow('"k99" occurs twice');
  });
});

describe("a limit on the number of values", () => {
  /** Values, and one more for each empty container: it has a bracket and nothing in it. */
  const sizeOf = (value: unknown): number => {
    if (typeof value !== "object" || value === null) return 1;
    const inner = Object.values(value);
    return 1 + (inner.length === 0 ? 1 : inner.reduce<number>((sum, part) => sum + sizeOf(part), 0));
  };

  it("counts what stands outside of strings", () => {
    // A key "__proto__" is refused before anything is counted.
    const values = fc
      .jsonValue({ depthSize: "medium" })
      .filter((value) => !JSON.stringify(value).includes("__proto__"));
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const size = sizeOf(value);
        expect(() => readJson(text, "x", size)).not.toThrow();
        if (size > 1) {
          expect(() => readJson(text, "x", size - 1)).toThrow(expect.objectContaining({ code: "REQUEST_TOO_LARGE" }));
        }
      }),
      { numRuns: 300 },
    );
    const tricky = ['","', '"\\\\",[', "\\", "{[,", ""];
    expect(readJson(JSON.stringify(tricky), "x", 6)).toEqual(tricky);
  });

  it("refuses a large text of small values before it reads it", () => {
    for (const piece of ["[],", "{},", "1,", "[", '"",']) {
      const text = `[${piece.repeat(16_000_000 / piece.length)}`;
      expect(() => readJson(text, "the body", 500_000)).toThrow("the body must hold at most 500000 values; found more");
    }
  });
});

describe("floats that say so", () => {
  it("hold a finite number and calculate like one", () => {
    expect(Number(float(1.5)) + 1).toBe(2.5);
    expect(plainJson({ a: [float(1), 2], b: null })).toEqual({ a: [1, 2], b: null });
    for (const value of [Number.NaN, Infinity, "1" as unknown as number]) {
      expect(() => float(value)).toThrow(expect.objectContaining({ code: "VALUE_NOT_HASHABLE" }));
    }
  });
});

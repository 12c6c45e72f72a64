import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesQuery, normalizedTags, queryText, queueFilterOf, tagQueryOf } from "./index.ts";

describe("tag queries", () => {
  it.each([
    [["a"], "any", ["a", "b"], true],
    [["a", "c"], "any", ["a", "b"], true],
    [["a", "c"], "all", ["a", "b"], false],
    [["a", "b"], "all", ["b", "a", "c"], true],
    [["c"], "any", ["a"], false],
    [[], "any", ["a"], false],
    [[], "all", ["a"], false],
  ] as const)("%j, %s, of a queue with %j: %s", (tags, mode, has, isMatch) => {
    expect(matchesQuery(tagQueryOf(tags, 60, mode), has, 60)).toBe(isMatch);
  });

  it("ask for one interval", () => expect(matchesQuery(tagQueryOf(["a"], 60, "any"), ["a"], 300)).toBe(false));

  it.each([
    ["all", "all"],
    [" ALL ", "all"],
    ["any", "any"],
    ["both", "any"],
    [undefined, "any"],
    [1, "any"],
  ])("read the mode %j as %s", (mode, read) => expect(tagQueryOf(["a"], 60, mode).matchMode).toBe(read));

  it("split tags at commas and drop blanks and doubles", () => {
    expect(normalizedTags(["b, a", "", " ", "a", "c,"])).toEqual(["a", "b", "c"]);
  });

  it("are one text exactly when they are one query, in whatever order their tags came", () => {
    const query = fc
      .record({
        tags: fc.array(fc.constantFrom("a", "b", "a:60", "b:60:any", "60"), { maxLength: 4 }),
        interval: fc.constantFrom(60, 600),
        mode: fc.constantFrom("any", "all"),
      })
      .map(({ tags, interval, mode }) => tagQueryOf(tags, interval, mode));
    fc.assert(
      fc.property(query, query, (a, b) => {
        expect(queryText(a) === queryText(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe("queue filters", () => {
  it.each([
    ["", [], undefined],
    ["tag=a,b;interval=60", ["a", "b"], 60],
    ["interval=1h", [], 3_600],
    [" tag = b,a ; ", ["a", "b"], undefined],
    ["tag=;interval=", [], undefined],
  ])("%j", (text, tags, intervalSeconds) => expect(queueFilterOf(text)).toEqual({ tags, intervalSeconds }));

  it.each([
    ["color=red", "REQUEST_INVALID"],
    ["tag", "REQUEST_INVALID"],
    ["interval=soon", "INTERVAL_INVALID"],
  ])("refuse %j", (text, code) => expect(() => queueFilterOf(text)).toThrow(expect.objectContaining({ code })));
});

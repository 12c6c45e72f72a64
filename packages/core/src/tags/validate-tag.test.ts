import { describe, expect, it } from "vitest";
import { validateName, validateTag } from "./index.ts";

describe("tags", () => {
  it.each(["BTC", "price.close", "a-b_c", "0", "x".repeat(100)])("takes %j", (tag) => {
    expect(validateTag(tag)).toBe(tag);
  });
  it("trims outer blanks", () => expect(validateTag(" btc ")).toBe("btc"));
  it.each([null, undefined, 1, ["a"], "", " ", "x".repeat(101), "a b", "a/b", "a,b", "a|b", "é", "a\nb", "가"])(
    "refuses %j",
    (tag) => expect(() => validateTag(tag)).toThrow(expect.objectContaining({ code: "TAG_INVALID" })),
  );
  it("says what was found", () => expect(() => validateTag("a b")).toThrow('found "a b"'));
});

describe("names", () => {
  it.each([
    [null, null],
    [undefined, null],
    [" fast average ", "fast average"],
    ["이동 평균", "이동 평균"],
    ["😀".repeat(200), "😀".repeat(200)],
  ])("takes %j", (name, result) => expect(validateName(name)).toBe(result));
  it.each([1, "", "  ", "x".repeat(201), "a\u0000b", "a\nb", "\ud800", {}])("refuses %j", (name) => {
    expect(() => validateName(name)).toThrow(expect.objectContaining({ code: "NAME_INVALID" }));
  });
});

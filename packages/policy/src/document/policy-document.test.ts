import { describe, expect, it } from "vitest";
import { readPolicyDocument } from "./policy-document.ts";

function refusal(source: unknown): unknown {
  try {
    return readPolicyDocument(source, "the policy").value;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a policy's text", () => {
  it("may be YAML, JSON or an object, and means the same", () => {
    const value = { top_k: { metric: "sharpe", k: 2 }, gates: ["a > 1"] };
    expect(refusal("top_k: {metric: sharpe, k: 2}\ngates:\n  - a > 1\n")).toEqual(value);
    expect(refusal(JSON.stringify(value))).toEqual(value);
    expect(refusal(value)).toEqual(value);
  });

  it.each<[string, unknown, string]>([
    ["an open list", "a: [1\nb: 2", "the policy, line 2, column 1 cannot be read: flow sequence"],
    ["a key twice", "a: 1\na: 2", "the policy, line 2, column 1 cannot be read: map keys must be unique"],
    [
      "two documents",
      "a: 1\n---\nb: 1",
      "the policy, line 2, column 1 cannot be read: source contains multiple documents",
    ],
    ["an alias", "a: 1\nb: *a", "the policy, line 2, column 4 has an alias"],
    ["an anchor", "a: &x 1\nb: *x", "the policy, line 1, column 7 has an anchor"],
    ["a tag", "a: !!str 3", "has a tag, tag:yaml.org,2002:str"],
    ["a tag of its own", "a: !run rm", "cannot be read: unresolved tag: !run"],
    ["a merge key", "b:\n  <<: {a: 1}", '{"b":{"<<":{"a":1}}}'],
    ["a key that is a list", "? [a]\n: 1", "has a key that is not a text"],
    ["a number as key", "1: 1", "has a key that is not a text"],
    ["no number", "a:\n  b: .nan", "the policy, line 2, column 3: a.b must be a finite number"],
    ["an infinite one", { a: Infinity }, "the policy: a must be a finite number"],
    ["a prototype", '{"__proto__": {"a": 1}}', 'has a key "__proto__"'],
    ["depth", `${"[".repeat(30)}1${"]".repeat(30)}`, "nested more than 16 deep"],
    ["much depth", "[".repeat(40_000), "the policy"],
    ["length", "a".repeat(70_000), "has at most 65536 characters; found 70000"],
    ["count", `[${"1,".repeat(6_000)}1]`, "one of more than 5000 values"],
    ["a function", { a: () => 1 }, "a must be plain data"],
  ])("%s", (_, source, message) => {
    const found = refusal(source);
    expect(typeof found === "string" ? found : JSON.stringify(found)).toContain(message);
  });
});

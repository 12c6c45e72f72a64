import { QmtlError } from "@qmtl/core";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { captures } from "./fixtures/captures.ts";
import { constants } from "./fixtures/constants.ts";
import { captureLocation, codeIdentityOf } from "./index.ts";
import { RecordedNode } from "./testing/recorded-node.ts";
import { momentum } from "./fixtures/strategy.ts";

describe("what a compute function captures", () => {
  it.each<[string, string, RegExp]>([
    ["module-level let", "threshold", /assigned by "\+="/],
    ["module-level var", "unlucky", /module-level "var"/],
    ["reassigned variable", "reassigned", /assigned by "\+\+"/],
    ["clock at load", "startedAt", /clock/],
    ["clock through a helper", "startedAt", /clock/],
    ["environment", "fromEnvironment", /environment \(`process\.env`\)/],
    ["top-level await", "loaded", /await/],
    ["random numbers", "drawn", /random/],
    ["package called at load", "runId", /calls "node:crypto"/],
    ["map that is filled", "cache", /changed by "set\(\)"/],
    ["array that is filled", "closes", /changed by "push\(\)"/],
    ["object that is changed", "settings", /changed by "="/],
    ["locale at load", "localeText", /locale/],
    ["time zone at load", "midnight", /time zone/],
    ["place of the module", "here", /import\.meta/],
    ["hidden state of a closure", "counter", /keeps state of its own/],
    ["hidden state of an object", "average", /keeps state of its own/],
    ["hidden list of an object", "memory", /keeps state of its own/],
    ["hidden list of a closure", "remember", /keeps state of its own/],
    ["object that counts", "tally", /keeps state of its own/],
    ["class that counts", "Sequence", /keeps state of its own/],
    ["clock in a class", "Stamped", /clock/],
    ["imported array that is changed", "history", /changed by "push\(\)"/],
    ["imported array changed here", "EPSILON_TABLE", /changed by "push\(\)"/],
    ["import.meta", "import.meta", /where and how the module was loaded/],
    ["import()", "import()", /chosen at run time/],
    ["local of a function", "lag", /a local of the enclosing function "local of a function"/],
    ["parameter of a function", "period", /a parameter of the enclosing function "buildWith"/],
    ["variable of a loop", "width", /a local of the enclosing function/],
    ["this of an object", "this", /receiver/],
    ["this of its own", "this", /receiver/],
  ])("refuses: %s", (name, variable, reason) => {
    const node = captures[name]?.();
    const error = refusalOf(node);
    expect(error.code).toBe("CODE_CAPTURE");
    expect(error.details).toMatchObject({ variable });
    expect(error.message).toMatch(reason);
    expect(error.message).toMatch(/(captures|shared-state)\.ts:\d+/);
    expect(error.hint).toMatch(/params: \{ \w+ \}.*params\.\w+.*shared: false/);
  });

  it("has a case for every fixture", () => expect(Object.keys(captures)).toHaveLength(31));

  it("names the variable, the function, the line it is read on, and the helper in between", () => {
    const source = readFileSync(new URL("fixtures/captures.ts", import.meta.url), "utf8").split("\n");
    const line = source.findIndex((each) => each.startsWith("const helperOfClock")) + 1;
    const error = refusalOf(captures["clock through a helper"]?.());
    expect(error.details).toMatchObject({ variable: "startedAt", function: "compute", through: "helperOfClock" });
    expect(error.message).toBe(
      'compute function "compute" reads "startedAt" through "helperOfClock" ' +
        `(packages/sdk/src/code-identity/fixtures/captures.ts:${line}): a module-level constant that ` +
        "depends on the clock or time zone (`Date`)",
    );
    expect(error.hint).toContain("pass the value as a parameter: `params: { startedAt }`");
  });

  it.each(constants.map((node) => [node.name, node] as const))("accepts a constant: %s", (_name, node) => {
    expect(codeIdentityOf(node.compute, node).hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("what is no compute function", () => {
  it.each<[string, Function, string, RegExp]>([
    ["native", Math.max, "CODE_UNREADABLE", /native/],
    ["bound", momentum.bind(undefined), "CODE_UNREADABLE", /bound/],
    ["async", async () => 1, "NODE_INVALID", /async function/],
    ["generator", function* () {}, "NODE_INVALID", /a generator/],
    ["async generator", async function* () {}, "NODE_INVALID", /async/],
    ["class", class Signal {}, "NODE_INVALID", /"Signal".*a class/],
    ["proxy", new Proxy(momentum, {}), "CODE_UNREADABLE", /native/],
  ])("refuses a function that is %s", (_name, fn, code, message) => {
    const error = refusalOf({ compute: fn, location: captureLocation() });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint).toBeDefined();
  });
});

describe("functions whose module is unknown", () => {
  // oxlint-disable-next-line typescript/no-implied-eval -- functions of no file are what is tested
  const evaluate = (text: string): Function => new Function(`return ${text}`)() as Function;

  it("accepts those that read nothing but the language", () => {
    const alone = codeIdentityOf(evaluate("(view) => Math.abs(view.close.at(-1) - 1)"));
    const { hash } = codeIdentityOf(evaluate("v => { return Math.abs((v.close).at(-1.0) - 1) }"));
    expect(alone.hash).toBe(hash);
    expect(alone.parts).toHaveLength(1);
  });

  it("refuses those that read anything else, and says what", () => {
    const error = refusalOf({ compute: evaluate("(view) => helper(view)"), location: undefined });
    expect(error.code).toBe("CODE_UNREADABLE");
    expect(error.message).toContain('it reads "helper"');
  });
});

describe("finding the function", () => {
  it("finds a function that another module declares", () => {
    const { parts } = codeIdentityOf(momentum, { location: captureLocation() });
    expect(parts.map(({ role, name, file }) => ({ role, name, file }))).toEqual([
      { role: "compute", name: "momentum", file: "strategy.ts" },
      { role: "constant", name: "LIMIT", file: "strategy.ts" },
    ]);
  });

  it("tells equal texts apart by where the node is built", () => {
    const build = (inner: boolean): RecordedNode => {
      if (inner) {
        const offset = 1;
        void offset;
        return new RecordedNode({ name: "inner", compute: () => offset });
      }
      return new RecordedNode({ name: "outer", compute: () => offset });
    };
    expect(refusalOf(build(true)).details).toMatchObject({ variable: "offset" });
    expect(codeIdentityOf(build(false).compute, build(false)).parts[1]).toMatchObject({ name: "offset" });
  });

  it("looks a thousand nodes of one function up in no time", () => {
    const nodes = Array.from(
      { length: 1_000 },
      () => new RecordedNode({ name: "n", compute: (view: { a: number }) => view.a + offset }),
    );
    const hashes = new Set(nodes.map((node) => codeIdentityOf(node.compute, node).hash));
    expect(hashes.size).toBe(1);
    const identity = codeIdentityOf(nodes[0]?.compute as Function);
    expect(codeIdentityOf(nodes[0]?.compute as Function)).toBe(identity);
  });
});

const offset = 7;

function refusalOf(node: Pick<RecordedNode, "compute" | "location"> | undefined): QmtlError {
  try {
    codeIdentityOf(node?.compute as Function, { location: node?.location });
  } catch (error) {
    if (error instanceof QmtlError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

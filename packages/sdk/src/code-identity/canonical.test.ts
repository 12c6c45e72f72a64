import { transformSync } from "esbuild";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeIdentityOf } from "./index.ts";

// Functions are generated as trees and written down in many ways; what they do is the tree.
type Expression =
  | { kind: "number"; value: number }
  | { kind: "text"; value: string }
  | { kind: "name"; index: number }
  | { kind: "property"; object: Expression; key: string }
  | { kind: "operation"; operator: string; left: Expression; right: Expression }
  | { kind: "call"; method: string; given: Expression[] }
  | { kind: "record"; entries: { key: string; value: Expression }[] }
  | { kind: "lambda"; body: Expression };
interface Model {
  readonly locals: readonly Expression[];
  readonly guard: Expression;
  readonly result: Expression;
}

const operators = ["+", "-", "*", "/", "<", ">=", "===", "&&", "||", "??"];
const keys = ["close", "open", "high", "low"];
const methods = ["max", "min", "abs", "sqrt"];

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({
      kind: fc.constant("number" as const),
      value: fc.oneof(fc.nat(2_000), fc.double({ min: 0, max: 1e6, noNaN: true })),
    }),
    fc.record({ kind: fc.constant("text" as const), value: fc.string({ maxLength: 4 }) }),
    fc.record({ kind: fc.constant("name" as const), index: fc.nat(3) }),
    fc.record({ kind: fc.constant("property" as const), object: tie("expression"), key: fc.constantFrom(...keys) }),
    fc.record({
      kind: fc.constant("operation" as const),
      operator: fc.constantFrom(...operators),
      left: tie("expression"),
      right: tie("expression"),
    }),
    fc.record({
      kind: fc.constant("call" as const),
      method: fc.constantFrom(...methods),
      given: fc.array(tie("expression"), { maxLength: 2 }),
    }),
    fc.record({
      kind: fc.constant("record" as const),
      entries: fc.array(fc.record({ key: fc.constantFrom(...keys), value: tie("expression") }), { maxLength: 2 }),
    }),
    fc.record({ kind: fc.constant("lambda" as const), body: tie("expression") }),
  ),
}));
const model: fc.Arbitrary<Model> = fc.record({
  locals: fc.array(expression, { maxLength: 2 }),
  guard: expression,
  result: expression,
});

/** How a model is written: names, and an endless row of small choices. */
interface Style {
  readonly names: readonly string[];
  readonly choose: () => boolean;
}
const plain: Style = { names: ["view", "params", "first", "second", "each"], choose: () => false };
const style: fc.Arbitrary<Style> = fc
  .record({
    names: fc.uniqueArray(fc.constantFrom("a", "b", "v", "view", "x1", "$", "_tmp", "options", "sum"), {
      minLength: 5,
      maxLength: 5,
    }),
    bits: fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
  })
  .map(({ names, bits }) => {
    let at = 0;
    return { names, choose: () => bits[at++ % bits.length] ?? false };
  });

function write(given: Model, { names, choose }: Style): string {
  const space = (): string => (choose() ? " /* note */\n\t" : " ");
  const show = (node: Expression): string => (choose() ? `((${bare(node)}))` : `(${bare(node)})`);
  const known = given.locals.length + 2;
  const bare = (node: Expression): string => {
    switch (node.kind) {
      case "number": {
        const exponent = node.value.toExponential();
        return choose() && Number(exponent) === node.value ? exponent : String(node.value);
      }
      case "text":
        return choose()
          ? JSON.stringify(node.value)
          : `'${JSON.stringify(node.value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
      case "name":
        return names[node.index < known ? node.index : node.index % 2] ?? "";
      case "property":
        return `${show(node.object)}${choose() ? `[${choose() ? "'" : "`"}${node.key}`.replace(/(['`])(\w+)$/, "$1$2$1]") : `.${node.key}`}`;
      case "operation":
        return `${show(node.left)}${space()}${node.operator}${space()}${show(node.right)}`;
      case "call":
        return `Math.${node.method}(${node.given.map(show).join(",")}${choose() && node.given.length > 0 ? "," : ""})`;
      case "record":
        return `{${node.entries.map(({ key, value }) => `${choose() ? `"${key}"` : key}:${space()}${show(value)}`).join(",")}}`;
      case "lambda": {
        const parameter = choose() ? `(${names[4]})` : names[4];
        return choose() ? `${parameter} => { return ${show(node.body)}; }` : `${parameter} => ${show(node.body)}`;
      }
    }
  };
  const declarations = given.locals.map((each, index) => `${names[index + 2]} = ${show(each)}`);
  const word = choose() ? "let" : "const";
  const joined = choose()
    ? declarations.map((each) => `${word} ${each};`)
    : declarations.length > 0
      ? [`${word} ${declarations.join(", ")};`]
      : [];
  const guard = choose() ? `if (${show(given.guard)}) { return undefined; }` : `if (${show(given.guard)}) return;`;
  return `(${names[0]}, ${names[1]}) => {${space()}${joined.join(space())}${choose() ? ";" : ""}${guard}${space()}return ${show(given.result)}${choose() ? ";" : ""}\n}`;
}

/** Every model that differs in one literal, operator, key or method. */
function mutants(given: Model): Model[] {
  return [
    ...given.locals.flatMap((each, index) =>
      changes(each).map((changed) => ({ ...given, locals: given.locals.with(index, changed) })),
    ),
    ...changes(given.guard).map((guard) => ({ ...given, guard })),
    ...changes(given.result).map((result) => ({ ...given, result })),
  ];
}

function changes(node: Expression): Expression[] {
  const next = (words: readonly string[], word: string): string =>
    words[(words.indexOf(word) + 1) % words.length] ?? word;
  switch (node.kind) {
    case "number":
      return [{ ...node, value: node.value + 1 }];
    case "text":
      return [{ ...node, value: `${node.value}.` }];
    case "name":
      return [{ ...node, index: (node.index + 1) % 2 }];
    case "property":
      return [{ ...node, key: next(keys, node.key) }, ...changes(node.object).map((object) => ({ ...node, object }))];
    case "operation":
      return [
        { ...node, operator: next(operators, node.operator) },
        ...changes(node.left).map((left) => ({ ...node, left })),
        ...changes(node.right).map((right) => ({ ...node, right })),
      ];
    case "call":
      return [
        { ...node, method: next(methods, node.method) },
        { ...node, given: [...node.given, { kind: "number", value: 0 }] },
        ...node.given.flatMap((each, index) =>
          changes(each).map((changed) => ({ ...node, given: node.given.with(index, changed) })),
        ),
      ];
    case "record":
      return node.entries.flatMap((each, index) => [
        { ...node, entries: node.entries.with(index, { ...each, key: next(keys, each.key) }) },
        ...changes(each.value).map((value) => ({ ...node, entries: node.entries.with(index, { ...each, value }) })),
      ]);
    case "lambda":
      return changes(node.body).map((body) => ({ ...node, body }));
  }
}

/** Transpilers decide `1 ?? x`, `0 === 0` and `0 + {}` on the spot; only what is known at run time stays a choice. */
function withoutConstantTests(given: Model): Model {
  const open = (node: Expression): Expression => {
    switch (node.kind) {
      case "operation": {
        const left = open(node.left);
        const isTest = !["-", "*", "/"].includes(node.operator);
        return {
          ...node,
          left: isTest ? { kind: "property", object: left, key: "close" } : left,
          right: open(node.right),
        };
      }
      case "property":
        return { ...node, object: open(node.object) };
      case "call":
        return { ...node, given: node.given.map(open) };
      case "record":
        return { ...node, entries: node.entries.map(({ key, value }) => ({ key, value: open(value) })) };
      case "lambda":
        return { ...node, body: open(node.body) };
      default:
        return node;
    }
  };
  return { locals: given.locals.map(open), guard: open(given.guard), result: open(given.result) };
}

// oxlint-disable-next-line typescript/no-implied-eval -- functions of no file need no file to be written
const hashOf = (text: string): string => codeIdentityOf(new Function(`return ${text}`)() as Function).hash;

describe("the canonical form", () => {
  it("is the same however a function is written", () => {
    fc.assert(
      fc.property(model, style, (each, written) => hashOf(write(each, written)) === hashOf(write(each, plain))),
      { numRuns: 300 },
    );
  });

  it("is the same after a transpiler", () => {
    fc.assert(
      fc.property(model, style, fc.boolean(), (each, written, minify) => {
        const text = write(withoutConstantTests(each), written);
        const options = { minifyIdentifiers: minify, minifyWhitespace: minify, logLevel: "silent" } as const;
        const { code } = transformSync(`export const f = ${text}`, options);
        expect(hashOf(code.trim().replace(/^export const f\s*=|;$/g, ""))).toBe(hashOf(text));
      }),
      { numRuns: 150 },
    );
  });

  it("differs when a literal, an operator, a property or a call differs", () => {
    fc.assert(
      fc.property(model, style, (each, written) => {
        const hash = hashOf(write(each, plain));
        for (const mutant of mutants(each).slice(0, 20)) expect(hashOf(write(mutant, written))).not.toBe(hash);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ["a number's spelling", "() => 255 + 1e3 + 10n", "() => 0xff + 1_000 + 0xan"],
    ["a template without holes", "() => `a` + 'b'", '() => "ab"'],
    ["text joined at the end", "(a) => a + 'x' + 'y'", "(a) => a + 'xy'"],
    ["constants joined to text", "(a) => [1 + 'x', `x${a}` + -1 + null]", "(a) => ['1x', `x${a}-1null`]"],
    ["undefined", "() => void 0", "() => undefined"],
    ["a bare return", "() => { return }", "() => undefined"],
    ["braces", "(a) => { while (a) a--; return a }", "(a) => { while (a) { a--; } return a }"],
    [
      "private names",
      "() => class { #a = 1; get() { return this.#a } }",
      "() => class { #b = 1; get() { return this.#b } }",
    ],
    ["labels", "() => { a: for (;;) break a }", "() => { b: for (;;) break b }"],
    ["grouping of one logical operator", "(a, b, c) => a && (b && c)", "(a, b, c) => (a && b) && c"],
    ["hoisted functions", "() => { f(); function f() {} }", "() => { function g() {} g() }"],
    ["flags of a pattern", "() => /a/gi", "() => /a/ig"],
    ["a directive", 'function a(x) { "use strict"; return x }', "function b(y) { return y }"],
    ["shorthand", "(a) => ({ a })", "(b) => ({ a: b })"],
    ["own recursion", "function f(n) { return n && f(n - 1) }", "function g(n) { return n && g(n - 1) }"],
  ])("does not depend on %s", (_what, one, other) => expect(hashOf(one)).toBe(hashOf(other)));

  it.each([
    ["zero and minus zero", "() => 0", "() => -0"],
    ["number and text", "() => 1", "() => '1'"],
    ["number and bigint", "() => 1", "() => 1n"],
    ["null and undefined", "() => null", "() => undefined"],
    ["globals", "(a) => Number(a)", "(a) => String(a)"],
    ["order of parameters", "(a, b) => a - b", "(a, b) => b - a"],
    ["defaults", "(a = 1) => a", "(a = 2) => a"],
    ["optional access", "(a) => a?.b", "(a) => a.b"],
    ["reach of an optional access", "(a) => (a?.b).c", "(a) => a?.b.c"],
    ["order of additions", "(a, b, c) => a + (b + c)", "(a, b, c) => a + b + c"],
    ["numbers added before text", "() => 1 + 2 + 'x'", "() => 1 + (2 + 'x')"],
    ["order of properties", "() => ({ a: 1, b: 2 })", "() => ({ b: 2, a: 1 })"],
    ["prototype and property", "(a) => ({ __proto__: a })", "(a) => ({ ['__proto__']: a })"],
    ["target of a break", "() => { a: for (;;) b: for (;;) break a }", "() => { a: for (;;) b: for (;;) break b }"],
    ["before and after", "(a) => a++", "(a) => ++a"],
    ["scope of a variable", "(a) => { let b = 1; { let b = 2; a(b) } }", "(a) => { let b = 1; { let c = 2; a(b) } }"],
    ["kinds of a property", "() => ({ get a() { return 1 } })", "() => ({ a() { return 1 } })"],
    ["raw text of a tag", "() => String.raw`\\n`", "() => String.raw`\n`"],
    ["holes", "() => [1, , 2]", "() => [1, 2]"],
    ["text and what is spliced into it", "(a) => `${a}b`", "(a) => `b${a}`"],
    ["strings that look like structure", "() => ['a', 'b']", "() => ['a\" \"b']"],
  ])("depends on %s", (_what, one, other) => expect(hashOf(one)).not.toBe(hashOf(other)));
});

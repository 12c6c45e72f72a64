import { Environment, ParseError, type ASTNode } from "@marcbachmann/cel-js";
import { QmtlError, shown } from "@qmtl/core";

/**
 * A condition or a formula of a policy, in CEL's grammar, with a meaning of its own: every number is a double, there is
 * no regular expression, no comprehension, no clock and no text function, and every step is counted. Names that are not
 * in the scope are looked up among the metrics.
 */
export interface Expression {
  readonly source: string;
  /** Metrics the expression may read, in order of appearance. */
  readonly metrics: readonly string[];
  readonly syntax: Syntax;
}

export type Syntax =
  | { readonly op: "value"; readonly value: number | string | boolean | null }
  | { readonly op: "name"; readonly name: string }
  | { readonly op: "field"; readonly of: Syntax; readonly field: Syntax; readonly maybe: boolean }
  | { readonly op: "list"; readonly items: readonly Syntax[] }
  | { readonly op: "not" | "negate"; readonly of: Syntax }
  | { readonly op: "and" | "or"; readonly left: Syntax; readonly right: Syntax }
  | { readonly op: "choose"; readonly condition: Syntax; readonly whenTrue: Syntax; readonly otherwise: Syntax }
  | { readonly op: BinaryOperator; readonly left: Syntax; readonly right: Syntax }
  | { readonly op: "call"; readonly name: FunctionName; readonly of: readonly Syntax[] };

export type BinaryOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%" | "in";
export type FunctionName = keyof typeof functionArity;

/** What may be called, and with how many arguments. */
const functionArity = { abs: [1, 1], sqrt: [1, 1], log: [1, 1], min: [1, 16], max: [1, 16], size: [1, 1] } as const;

/** Names that are not metrics. */
const scopeNames: ReadonlySet<string> = new Set(["metrics", "evidence", "strategy_id", "side", "sector", "tags"]);

const lengthMax = 2_000;
const limits = { maxAstNodes: 200, maxDepth: 24, maxListElements: 64, maxMapEntries: 0, maxCallArguments: 16 };
const grammar = new Environment({ unlistedVariablesAreDyn: true, limits });

/**
 * Reads an expression.
 *
 * @param what - what it is, for messages: "gate 2"
 * @throws QmtlError `EXPRESSION_INVALID` with the character at which it is refused, and why
 */
export function parseExpression(source: string, what: string): Expression {
  if (source.length > lengthMax) refuse(what, source, 0, `is longer than ${lengthMax} characters`);
  const metrics = new Set<string>();
  return {
    source,
    syntax: syntaxOf(parsed(withSigns(source), what), { what, source, metrics }),
    metrics: [...metrics],
  };
}

// Policies may also say "and", "or" and "not". Signs of the same length keep the places of errors.
function withSigns(source: string): string {
  return source.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'|\b(?:and|or|not)\b/gi, (part) => {
    return signs.get(part.toLowerCase()) ?? part;
  });
}

const signs: ReadonlyMap<string, string> = new Map([
  ["and", "&& "],
  ["or", "||"],
  ["not", "!  "],
]);

interface Reading {
  readonly what: string;
  readonly source: string;
  readonly metrics: Set<string>;
}

function parsed(source: string, what: string): ASTNode {
  try {
    return grammar.parse(source).ast;
  } catch (error) {
    if (error instanceof ParseError) return refuse(what, source, error.range?.start ?? 0, lowerFirst(error.summary));
    if (error instanceof RangeError) return refuse(what, source, 0, "is nested too deeply");
    throw error;
  }
}

function syntaxOf(node: ASTNode, reading: Reading): Syntax {
  const of = (inner: ASTNode): Syntax => syntaxOf(inner, reading);
  const bad = (why: string): never => refuse(reading.what, reading.source, node.range.start, why);
  switch (node.op) {
    case "value":
      return { op: "value", value: literal(node.args, bad) };
    case "id":
      if (!scopeNames.has(node.args)) reading.metrics.add(node.args);
      return { op: "name", name: node.args };
    case ".":
      return fieldOf(of(node.args[0]), { op: "value", value: node.args[1] }, reading, bad);
    case "[]":
      return fieldOf(of(node.args[0]), of(node.args[1]), reading, bad);
    case "list":
      return { op: "list", items: node.args.map(of) };
    case "!_":
      return { op: "not", of: of(node.args) };
    case "-_":
      return { op: "negate", of: of(node.args) };
    case "&&":
      return { op: "and", left: of(node.args[0]), right: of(node.args[1]) };
    case "||":
      return { op: "or", left: of(node.args[0]), right: of(node.args[1]) };
    case "?:":
      return { op: "choose", condition: of(node.args[0]), whenTrue: of(node.args[1]), otherwise: of(node.args[2]) };
    case "call":
      return callOf(node.args[0], node.args[1].map(of), bad);
    case "rcall":
      return node.args[0] === "matches"
        ? bad("matches is refused: a regular expression may take for ever")
        : bad(`${node.args[0]}() is refused: policies have no methods and no comprehensions`);
    case "map":
    case ".?":
    case "[?]":
      return bad("maps and optional fields are refused");
    default:
      return { op: node.op, left: of(node.args[0]), right: of(node.args[1]) };
  }
}

function literal(value: unknown, bad: (why: string) => never): number | string | boolean | null {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return value;
  if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) return Number(value);
  return bad("expected a number, a text, true, false or null");
}

function fieldOf(of: Syntax, field: Syntax, reading: Reading, bad: (why: string) => never): Syntax {
  if (of.op !== "name" || (of.name !== "metrics" && of.name !== "evidence")) {
    return bad("only metrics and evidence have fields");
  }
  if (field.op !== "value" || typeof field.value !== "string") return bad("a field is named by a text");
  if (of.name === "metrics") reading.metrics.add(field.value);
  return { op: "field", of, field, maybe: false };
}

function callOf(name: string, of: readonly Syntax[], bad: (why: string) => never): Syntax {
  if (name === "has") {
    const [field] = of;
    return of.length === 1 && field?.op === "field" ? { ...field, maybe: true } : bad("has() takes one field");
  }
  const arity = Object.hasOwn(functionArity, name) ? functionArity[name as FunctionName] : undefined;
  if (arity === undefined) return bad(`there is no ${name}(); known are ${Object.keys(functionArity).join(", ")}, has`);
  if (of.length < arity[0] || of.length > arity[1]) {
    return bad(`${name}() takes ${arity[0] === arity[1] ? arity[0] : `${arity[0]} to ${arity[1]}`} arguments`);
  }
  return { op: "call", name: name as FunctionName, of };
}

function refuse(what: string, source: string, at: number, why: string): never {
  throw new QmtlError("EXPRESSION_INVALID", `${what}, character ${at + 1} of ${shown(source)}: ${why}`, {
    details: { expression: source.slice(0, lengthMax), character: at + 1, why },
    hint: "write for example sharpe >= 0.6 && max_drawdown <= 0.25",
  });
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

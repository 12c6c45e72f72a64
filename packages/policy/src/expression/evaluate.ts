import { shown } from "@qmtl/core";
import type { Expression, FunctionName, Syntax } from "./expression.ts";

/** What an expression is about: one strategy. */
export interface Scope {
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly strategyId: string;
  readonly side: string;
  readonly sector: string;
  readonly tags: readonly string[];
}

export type Evaluated =
  | { readonly kind: "value"; readonly value: number | boolean }
  /** There is no value: a metric is missing or not finite, or types do not fit. */
  | { readonly kind: "none"; readonly reason: string; readonly missing: boolean };

/** Steps one evaluation may take. The limits of the parser keep any expression far below. */
const stepsMax = 10_000;

/**
 * The value of an expression. A metric that is missing, NaN or infinite leaves whatever reads it without a value (W-8);
 * as in CEL, `true || x` is true and `false && x` is false whatever x is, on either side.
 */
export function evaluate(expression: Expression, scope: Scope): Evaluated {
  const result = run(expression.syntax, { scope, steps: 0 });
  if (result instanceof None) return { kind: "none", reason: result.reason, missing: result.missing };
  if (typeof result === "number" || typeof result === "boolean") return { kind: "value", value: result };
  return { kind: "none", reason: "the result is neither a number nor true or false", missing: false };
}

type Value = number | string | boolean | null | readonly Value[];

class None {
  readonly reason: string;
  readonly missing: boolean;
  constructor(reason: string, missing = false) {
    this.reason = reason;
    this.missing = missing;
  }
}

interface Evaluation {
  readonly scope: Scope;
  steps: number;
}

function run(node: Syntax, evaluation: Evaluation): Value | None {
  if (++evaluation.steps > stepsMax) return new None(`more than ${stepsMax} steps`);
  switch (node.op) {
    case "value":
      return node.value;
    case "name":
      return named(node.name, evaluation.scope);
    case "field":
      return field(node, evaluation.scope);
    case "list": {
      const items: Value[] = [];
      for (const item of node.items) {
        const value = run(item, evaluation);
        if (value instanceof None) return value;
        items.push(value);
      }
      return items;
    }
    case "not": {
      const value = run(node.of, evaluation);
      if (value instanceof None) return value;
      return typeof value === "boolean" ? !value : new None("! needs true or false");
    }
    case "negate": {
      const value = run(node.of, evaluation);
      if (value instanceof None) return value;
      return typeof value === "number" ? -value : new None("- needs a number");
    }
    case "and":
    case "or":
      return logical(node, evaluation);
    case "choose": {
      const condition = run(node.condition, evaluation);
      if (condition instanceof None) return condition;
      if (typeof condition !== "boolean") return new None("?: needs true or false before the ?");
      return run(condition ? node.whenTrue : node.otherwise, evaluation);
    }
    case "call":
      return call(node.name, node.of, evaluation);
    default: {
      const left = run(node.left, evaluation);
      if (left instanceof None) return left;
      const right = run(node.right, evaluation);
      return right instanceof None ? right : binary(node.op, left, right);
    }
  }
}

function named(name: string, scope: Scope): Value | None {
  switch (name) {
    case "strategy_id":
      return scope.strategyId;
    case "side":
      return scope.side;
    case "sector":
      return scope.sector;
    case "tags":
      return scope.tags;
    case "metrics":
    case "evidence":
      return new None(`${name} is no value of its own; read one of its fields`);
    default:
      return metric(name, scope);
  }
}

function metric(name: string, { metrics }: Scope): number | None {
  const value = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  if (value === undefined || value === null) return new None(`metric "${name}" is missing`, true);
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return new None(`metric "${name}" is not a finite number; found ${shown(value)}`, true);
}

function field(node: Extract<Syntax, { op: "field" }>, scope: Scope): Value | None {
  const name = node.field.op === "value" ? String(node.field.value) : "";
  if (node.of.op === "name" && node.of.name === "metrics") {
    const value = metric(name, scope);
    return node.maybe ? !(value instanceof None) : value;
  }
  const value = Object.hasOwn(scope.evidence, name) ? scope.evidence[name] : undefined;
  const known = typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
  if (node.maybe) return known;
  return known ? (value as Value) : new None(`evidence "${name}" is missing`, true);
}

function logical(node: Extract<Syntax, { op: "and" | "or" }>, evaluation: Evaluation): Value | None {
  const deciding = node.op === "or";
  let none: None | undefined;
  for (const side of [node.left, node.right]) {
    const value = run(side, evaluation);
    if (value === deciding) return deciding;
    if (value instanceof None) none ??= value;
    else if (typeof value !== "boolean") none ??= new None(`${deciding ? "||" : "&&"} needs true or false`);
  }
  return none ?? !deciding;
}

function binary(op: string, left: Value, right: Value): Value | None {
  if (op === "in") return Array.isArray(right) ? right.includes(left) : new None("in needs a list");
  if (op === "==") return left === right;
  if (op === "!=") return left !== right;
  if (typeof left !== "number" || typeof right !== "number") return new None(`${op} needs two numbers`);
  switch (op) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return finite(arithmetic(op, left, right), `${left} ${op} ${right}`);
  }
}

function arithmetic(op: string, left: number, right: number): number {
  switch (op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    default:
      return left % right;
  }
}

function call(name: FunctionName, of: readonly Syntax[], evaluation: Evaluation): Value | None {
  const numbers: number[] = [];
  for (const node of of) {
    const value = run(node, evaluation);
    if (value instanceof None) return value;
    if (name === "size" && Array.isArray(value)) return value.length;
    if (typeof value !== "number") return new None(`${name}() needs numbers`);
    numbers.push(value);
  }
  return name === "size"
    ? new None("size() needs a list")
    : finite(functions[name](numbers), `${name}(${numbers.join(", ")})`);
}

const functions: Readonly<Record<Exclude<FunctionName, "size">, (numbers: readonly number[]) => number>> = {
  abs: ([x]) => Math.abs(x!),
  sqrt: ([x]) => Math.sqrt(x!),
  log: ([x]) => Math.log(x!),
  min: (numbers) => Math.min(...numbers),
  max: (numbers) => Math.max(...numbers),
};

function finite(value: number, what: string): number | None {
  return Number.isFinite(value) ? value : new None(`${what} is not a finite number`);
}

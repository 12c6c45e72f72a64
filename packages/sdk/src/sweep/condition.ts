import { nearestWord, QmtlError, shown } from "@qmtl/core";
import type { Combination } from "./grid.ts";

const form = /^\s*([A-Za-z_$][\w$]*|-?\d+(?:\.\d+)?)\s*(<=|>=|==|!=|<|>)\s*([A-Za-z_$][\w$]*|-?\d+(?:\.\d+)?)\s*$/;

const compare: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

/**
 * Reads `fast < slow`: two parameter names or numbers with `<`, `<=`, `>`, `>=`, `==` or `!=` between them.
 *
 * @param names - parameters that may be named; their values must be numbers
 * @throws QmtlError `USAGE`
 */
export function parseCondition(text: string, names: readonly string[]): (params: Combination) => boolean {
  const [, left, sign, right] = form.exec(text) ?? [];
  if (left === undefined || sign === undefined || right === undefined) {
    throw new QmtlError("USAGE", `expected a comparison of two parameters or numbers, found ${shown(text)}`, {
      hint: 'for example "fast < slow"; signs are < <= > >= == !=',
    });
  }
  const [a, b] = [operand(left, names), operand(right, names)];
  return (params) => compare[sign]!(a(params), b(params));
}

function operand(word: string, names: readonly string[]): (params: Combination) => number {
  if (!/^[A-Za-z_$]/.test(word)) {
    const value = Number(word);
    return () => value;
  }
  if (!names.includes(word)) {
    const guess = nearestWord(word, names);
    throw new QmtlError("USAGE", `the condition names "${word}", which is not swept; swept are ${names.join(", ")}`, {
      ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
    });
  }
  return (params) => {
    const value = params[word];
    if (typeof value === "number") return value;
    throw new QmtlError("USAGE", `a condition compares numbers; parameter "${word}" has the value ${shown(value)}`);
  };
}

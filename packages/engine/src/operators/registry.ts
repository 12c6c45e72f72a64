import { assert } from "@qmtl/core";
import type { AnyOperator } from "../operator/index.ts";
import { indicatorOperators } from "./indicator-operators.ts";
import { transformOperators } from "./transforms/index.ts";

/** Every built-in operator by its identity name. */
export const operatorRegistry: ReadonlyMap<string, AnyOperator> = byName([
  ...indicatorOperators,
  ...transformOperators,
]);

function byName(operators: readonly AnyOperator[]): ReadonlyMap<string, AnyOperator> {
  const registry = new Map<string, AnyOperator>();
  for (const operator of operators) {
    assert(!registry.has(operator.name), `two operators are named "${operator.name}"`);
    registry.set(operator.name, operator);
  }
  return registry;
}

import type { AnyOperator } from "@qmtl/engine/operator";
import type { Columns } from "./run-operator.ts";

export interface Difference {
  readonly output: string;
  readonly row: number;
  readonly expected: number;
  readonly found: number;
}

/** The first value, in order of rows, that is not the same bits (NaN equals NaN, 0 is not -0). */
export function firstDifference(
  operator: AnyOperator,
  expected: Columns,
  found: Columns,
  rows = expected[0]?.length ?? 0,
): Difference | undefined {
  for (let row = 0; row < rows; row++) {
    for (const [index, output] of operator.outputs.entries()) {
      const [left, right] = [expected[index]![row]!, found[index]![row]!];
      if (!Object.is(left, right)) return { output, row, expected: left, found: right };
    }
  }
  return undefined;
}

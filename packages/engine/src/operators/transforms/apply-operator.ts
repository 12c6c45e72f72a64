import { QmtlError } from "@qmtl/core";
import type { ColumnPool } from "../../columns/index.ts";
import type { OperatorDefinition, OperatorParams } from "../../operator/index.ts";

/**
 * Runs an operator over whole columns, outside a graph.
 *
 * @param columns - one per input of the operator, by name, all of one length, oldest row first
 * @param pool - where the results are to stand; fastest when the columns are from a pool, too. Without it they are fresh
 * @returns one column per output, same length; NaN where absent
 * @throws QmtlError `FIELD_UNKNOWN` for a missing column, `DATA_INVALID` for lengths that differ, and what `resolve` throws
 */
export function applyOperator<Params extends OperatorParams, In extends string, Out extends string>(
  operator: OperatorDefinition<Params, In, Out>,
  params: Readonly<Record<string, unknown>>,
  columns: Readonly<Record<In, ArrayLike<number>>>,
  pool?: ColumnPool,
): Record<Out, Float64Array> {
  const inputs = operator.inputs.map((name) => {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (column) return column instanceof Float64Array ? column : Float64Array.from(column);
    throw new QmtlError(
      "FIELD_UNKNOWN",
      `${operator.name} reads column "${name}"; found ${Object.keys(columns).join(", ")}`,
    );
  });
  const rows = inputs[0]?.length ?? 0;
  if (inputs.some((column) => column.length !== rows)) {
    throw new QmtlError(
      "DATA_INVALID",
      `columns must have one length; found ${inputs.map((c) => c.length).join(", ")}`,
    );
  }
  const kernel = operator.createKernel(operator.resolve(params));
  const outputs = operator.outputs.map(() => pool?.take(rows) ?? new Float64Array(rows));
  kernel.advance(inputs, outputs, 0, rows);
  return Object.fromEntries(operator.outputs.map((name, index) => [name, outputs[index]!])) as Record<
    Out,
    Float64Array
  >;
}

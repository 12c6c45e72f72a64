import { QmtlError } from "@qmtl/core";
import type { OperatorDefinition, OperatorParams } from "../../operator/index.ts";

/**
 * Runs an operator over whole columns, outside a graph.
 *
 * @param columns - one per input of the operator, by name, all of one length, oldest row first
 * @returns one column per output, same length; NaN where absent
 * @throws QmtlError `FIELD_UNKNOWN` for a missing column, `DATA_INVALID` for lengths that differ, and what `resolve` throws
 */
export function applyOperator<Params extends OperatorParams, In extends string, Out extends string>(
  operator: OperatorDefinition<Params, In, Out>,
  params: Readonly<Record<string, unknown>>,
  columns: Readonly<Record<In, ArrayLike<number>>>,
): Record<Out, Float64Array> {
  const inputs = operator.inputs.map((name) => {
    if (Object.hasOwn(columns, name)) return Float64Array.from(columns[name]);
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
  const outputs = operator.outputs.map(() => new Float64Array(rows));
  operator.createKernel(operator.resolve(params)).advance(inputs, outputs, 0, rows);
  return Object.fromEntries(operator.outputs.map((name, index) => [name, outputs[index]!])) as Record<
    Out,
    Float64Array
  >;
}

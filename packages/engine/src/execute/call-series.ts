import { formatInstant, QmtlError, shown } from "@qmtl/core";
import type { SeriesNode } from "../plan/index.ts";

/**
 * Calls an author's function over whole columns and checks what comes back: one list of numbers, or a record of them,
 * each as long as the input. The columns are copies, so the function may write to them.
 */
export function callSeries(
  node: SeriesNode,
  columns: readonly Float64Array[],
  time: Float64Array,
): Readonly<Record<string, Float64Array>> {
  let result: unknown;
  try {
    result = node.compute(columns, node.params, time);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new QmtlError("COMPUTE_FAILED", `node "${node.name}" failed on ${time.length} rows: ${text}`, { cause });
  }
  if (isNumbers(result)) return { value: checked(node, "value", result, time) };
  if (
    typeof result === "object" &&
    result !== null &&
    !ArrayBuffer.isView(result) &&
    Object.values(result).every(isNumbers)
  ) {
    const fields = Object.entries(result as Readonly<Record<string, ArrayLike<number>>>);
    if (fields.length > 0)
      return Object.fromEntries(fields.map(([field, values]) => [field, checked(node, field, values, time)]));
  }
  throw new QmtlError(
    "COMPUTE_RESULT_INVALID",
    `node "${node.name}" returned ${shown(result)}; expected a list of ${time.length} numbers`,
    {
      hint: "return a Float64Array with one value per row, NaN where there is none",
    },
  );
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  return (
    (Array.isArray(value) && value.every((item) => typeof item === "number")) ||
    value instanceof Float64Array ||
    value instanceof Float32Array
  );
}

function checked(node: SeriesNode, field: string, values: ArrayLike<number>, time: Float64Array): Float64Array {
  if (values.length !== time.length) {
    throw new QmtlError(
      "COMPUTE_RESULT_INVALID",
      `node "${node.name}" returned ${values.length} values of "${field}" for ${time.length} rows; expected one per row`,
      { hint: "return NaN for rows without a value" },
    );
  }
  const column = Float64Array.from(values);
  const infinite = column.findIndex(
    (value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY,
  );
  if (infinite >= 0) {
    throw new QmtlError(
      "COMPUTE_RESULT_INVALID",
      `node "${node.name}" returned ${column[infinite]} in "${field}" at ${formatInstant(time[infinite]!)}; expected a finite number or NaN`,
    );
  }
  return column;
}

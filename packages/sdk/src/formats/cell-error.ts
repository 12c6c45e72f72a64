import { basename } from "node:path";
import { QmtlError, shown, type ErrorCode } from "@qmtl/core";

/** An error that names file, row, column and value, what was expected, and what to do. */
export function cellError(
  where: { readonly source: string; readonly row: number; readonly column: string },
  found: string,
  expected: string,
  hint: string,
  code: ErrorCode = "DATA_INVALID",
): QmtlError {
  return new QmtlError(
    code,
    `${basename(where.source)} row ${where.row}, column "${where.column}": expected ${expected}; found ${shown(found)}`,
    { details: { file: where.source, row: where.row, column: where.column, found, expected }, hint },
  );
}

export function formatError(source: string, problem: string, hint?: string, cause?: unknown): QmtlError {
  return new QmtlError("DATA_FORMAT", `${basename(source)}: ${problem}`, {
    details: { file: source },
    ...(hint !== undefined && { hint }),
    ...(cause !== undefined && { cause }),
  });
}

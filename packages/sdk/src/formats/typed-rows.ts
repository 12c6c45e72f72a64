import { shown } from "@qmtl/core";
import { cellError } from "./cell-error.ts";
import type { ColumnPlan } from "./column-plan.ts";
import type { FileRows } from "./file-rows.ts";
import type { ReadOptions } from "./read-options.ts";
import { TimeColumn } from "./time-column.ts";

/** A column of a file that knows its types, in pieces. Instants, wall times and days are in milliseconds. */
export interface SourceColumn {
  readonly kind: "number" | "instant" | "wall" | "day" | "timeText" | "text";
  readonly chunks: { readonly rowStart: number; readonly values: ArrayLike<unknown> }[];
}

/** Columns of a Parquet or Arrow file as `FileRows`. `rowNumber` is the 1-based row. */
export function typedRows(
  source: string,
  plan: ColumnPlan,
  columns: readonly SourceColumn[],
  rows: number,
  options: ReadOptions,
): FileRows {
  const rowNumber = (index: number): number => index + 1;
  const fields: Record<string, Float64Array> = {};
  const ignored: string[] = [];
  for (const [index, column] of columns.entries()) {
    if (index === plan.timeIndex) continue;
    const field = plan.fields[index]!;
    if (column.kind === "text" || column.kind === "timeText") ignored.push(field);
    else fields[field] = numbers(source, plan.names[index]!, column, rows);
  }
  const timeName = plan.names[plan.timeIndex]!;
  const column = columns[plan.timeIndex]!;
  const time = new TimeColumn(source, timeName, options);
  if (column.kind === "number") {
    time.pushNumber(0, 1);
    const { time: times, reading } = time.finish(rowNumber, numbers(source, timeName, column, rows));
    return { source, length: rows, time: times, timeReading: reading, columns: fields, ignored, rowNumber };
  }
  // Row groups of a Parquet file may arrive in any order.
  for (const { values } of column.chunks.toSorted((a, b) => a.rowStart - b.rowStart)) {
    for (let index = 0; index < values.length; index++) pushTime(time, column.kind, values[index]);
  }
  const { time: times, reading } = time.finish(rowNumber);
  return { source, length: rows, time: times, timeReading: reading, columns: fields, ignored, rowNumber };
}

function pushTime(time: TimeColumn, kind: SourceColumn["kind"], value: unknown): void {
  if (value === null || value === undefined) time.pushMissing();
  else if (kind === "instant") time.pushInstant(Math.floor(Number(value)));
  else if (kind === "wall" || kind === "day") time.pushWall(Math.floor(Number(value)));
  else time.pushText(typeof value === "string" ? value : shown(value), time.length + 1);
}

function numbers(source: string, name: string, column: SourceColumn, rows: number): Float64Array {
  const target = new Float64Array(rows).fill(Number.NaN);
  for (const { rowStart, values } of column.chunks) {
    if (values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array) {
      target.set(values.length + rowStart > rows ? values.subarray(0, rows - rowStart) : values, rowStart);
      continue;
    }
    for (let index = 0; index < values.length; index++) {
      target[rowStart + index] = numberOf(source, name, values[index], rowStart + index + 1);
    }
  }
  return target;
}

function numberOf(source: string, name: string, value: unknown, row: number): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value === null || value === undefined) return Number.NaN;
  if (typeof value === "boolean") return value ? 1 : 0;
  throw cellError({ source, row, column: name }, shown(value), "a number", "write the column as a numeric type");
}

import { readFile } from "node:fs/promises";
import { formatError } from "./cell-error.ts";
import { planColumns } from "./column-plan.ts";
import type { FileRows } from "./file-rows.ts";
import { emptyRows } from "./json-reader.ts";
import type { ReadOptions } from "./read-options.ts";
import { openFile } from "./text-chunks.ts";
import { typedRows, type SourceColumn } from "./typed-rows.ts";

const sizeMax = 2 ** 31;

/**
 * Reads numeric and time columns of an Arrow IPC file or stream (also Feather version 2). Columns of text are left
 * out.
 *
 * @throws QmtlError `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `DATA_FORMAT`, `DATA_INVALID`
 */
export async function readArrow(path: string, options: ReadOptions = {}): Promise<FileRows> {
  const handle = await openFile(path);
  const { size } = await handle.stat().finally(async () => handle.close());
  if (size >= sizeMax) {
    throw formatError(path, "an Arrow file is read whole and may have 2 GB", "split it, or write Parquet or CSV");
  }
  const { Precision, tableFromIPC, TimeUnit, Type } = await import("apache-arrow");
  const table = await readFile(path)
    .then(tableFromIPC)
    .catch((cause: unknown) => {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw formatError(
        path,
        `expected an Arrow file or stream; ${problem}`,
        "a compressed Arrow file has to be written uncompressed",
        cause,
      );
    });
  if (table.schema.fields.length === 0) throw formatError(path, "expected an Arrow file or stream with columns");
  if (table.numRows === 0) return emptyRows(path);
  const plan = planColumns(
    path,
    table.schema.fields.map((field) => field.name),
    options,
  );
  const columns = table.schema.fields.map((field, index): SourceColumn => {
    const vector = table.getChildAt(index)!;
    const type = field.type as ArrowType;
    const kind = kindOf(type, index === plan.timeIndex);
    // Half floats and bits are packed: those are unpacked value by value.
    const isPacked = type.typeId === Type.Bool || type.precision === Precision.HALF;
    const chunks: { rowStart: number; values: ArrayLike<unknown> }[] = [];
    if (kind === "text") return { kind, chunks };
    let rowStart = 0;
    for (const data of vector.data) {
      const raw = data.values as ArrayLike<unknown> | undefined;
      // Without nulls the buffer is the column: one copy, no call per row.
      const isPlain = data.nullCount === 0 && !isPacked && kind !== "timeText" && kind !== "day";
      if (isPlain && raw !== undefined) {
        const perMs = kind === "number" ? 0 : ticksPerMs(type.unit ?? TimeUnit.MILLISECOND);
        const values = raw as Float64Array | BigInt64Array;
        const part = values.length === data.length ? values : values.subarray(0, data.length);
        chunks.push({
          rowStart,
          values: perMs === 0 ? part : Float64Array.from(part as BigInt64Array, (ticks) => Number(ticks) / perMs),
        });
      }
      rowStart += data.length;
    }
    if (chunks.length < vector.data.length) {
      const values = Array.from(vector as Iterable<unknown>);
      return { kind, chunks: [{ rowStart: 0, values }] };
    }
    return { kind, chunks };
  });
  return typedRows(path, plan, columns, table.numRows, options);
}

// What is read of a type of the Arrow schema (Schema.fbs).
interface ArrowType {
  readonly typeId: number;
  readonly unit?: number;
  readonly timezone?: string | null;
  readonly precision?: number;
}

// Numbers of union Type in Schema.fbs: Int 2, FloatingPoint 3, Bool 6, Date 8, Timestamp 10. Decimals (7) come as
// integers without their scale, so they are left out.
function kindOf(type: ArrowType, isTime: boolean): SourceColumn["kind"] {
  if (type.typeId === 10) return typeof type.timezone === "string" ? "instant" : "wall";
  if (type.typeId === 8) return "day";
  if (type.typeId === 2 || type.typeId === 3 || type.typeId === 6) return "number";
  return isTime ? "timeText" : "text";
}

// TimeUnit of Schema.fbs: SECOND, MILLISECOND, MICROSECOND, NANOSECOND.
function ticksPerMs(unit: number): number {
  return [1e-3, 1, 1e3, 1e6][unit] ?? 1;
}

import { formatError } from "./cell-error.ts";
import { planColumns } from "./column-plan.ts";
import type { FileRows } from "./file-rows.ts";
import { emptyRows } from "./json-reader.ts";
import type { ReadOptions } from "./read-options.ts";
import { openFile } from "./text-chunks.ts";
import { typedRows, type SourceColumn } from "./typed-rows.ts";

/**
 * Reads numeric and time columns of a Parquet file; any common compression. Columns of text are left out.
 *
 * @throws QmtlError `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `DATA_FORMAT`, `DATA_INVALID`
 */
export async function readParquet(path: string, options: ReadOptions = {}): Promise<FileRows> {
  const [{ parquetMetadataAsync, parquetRead }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    const file = {
      byteLength: size,
      async slice(start: number, end = size): Promise<ArrayBuffer> {
        const bytes = new Uint8Array(end - start);
        await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    };
    const metadata = await parquetMetadataAsync(file).catch((cause: unknown) => {
      throw formatError(path, "expected a Parquet file; its footer cannot be read", undefined, cause);
    });
    const leaves = metadata.schema.slice(1).filter((element) => element.num_children === undefined);
    const rows = Number(metadata.num_rows);
    if (rows === 0) return emptyRows(path);
    const names = leaves.map((element) => element.name);
    const plan = planColumns(path, names, options);
    const columns: SourceColumn[] = leaves.map((element, index) => {
      const isText =
        element.type === "BYTE_ARRAY" || element.type === "FIXED_LEN_BYTE_ARRAY" || element.type === "INT96";
      const logical = element.logical_type;
      const isInstant = logical?.type === "TIMESTAMP" || element.converted_type?.startsWith("TIMESTAMP_") === true;
      const isWall = logical?.type === "TIMESTAMP" && !logical.isAdjustedToUTC;
      const isDate = logical?.type === "DATE" || element.converted_type === "DATE";
      const isDecimal = logical?.type === "DECIMAL" || element.converted_type === "DECIMAL";
      const kind = isInstant
        ? isWall
          ? "wall"
          : "instant"
        : isDate
          ? "day"
          : isText && !isDecimal
            ? "text"
            : "number";
      return { kind: index === plan.timeIndex && kind === "text" ? "timeText" : kind, chunks: [] };
    });
    const wanted = names.filter((_, index) => columns[index]!.kind !== "text");
    await parquetRead({
      file,
      metadata,
      columns: wanted,
      compressors,
      parsers: {
        timestampFromMilliseconds: Number,
        timestampFromMicroseconds: (micros: bigint) => Number(micros) / 1_000,
        timestampFromNanoseconds: (nanos: bigint) => Number(nanos / 1_000n) / 1_000,
        dateFromDays: (days: number) => days * 86_400_000,
      },
      onChunk: ({ columnName, columnData, rowStart }) => {
        columns[names.indexOf(columnName)]!.chunks.push({ rowStart, values: columnData });
      },
    }).catch((cause: unknown) => {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw formatError(path, `the Parquet data cannot be read: ${problem}`, undefined, cause);
    });
    return typedRows(path, plan, columns, rows, options);
  } finally {
    await handle.close();
  }
}

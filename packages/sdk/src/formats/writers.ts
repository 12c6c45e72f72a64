import { writeFile } from "node:fs/promises";
import type { Frame } from "@qmtl/engine/frame";
import { QmtlError } from "@qmtl/core";

/** Writes a frame as CSV: `time` as epoch milliseconds, then every numeric column; NaN is an empty cell. */
export async function writeCsv(path: string, frame: Frame): Promise<void> {
  const names = Object.keys(frame.columns);
  const lines = [["time", ...names].map(quoted).join(",")];
  for (let row = 0; row < frame.length; row++) {
    lines.push([frame.time[row]!, ...names.map((name) => frame.columns[name]![row]!)].map(cellOf).join(","));
  }
  await write(path, `${lines.join("\n")}\n`);
}

/** Writes a frame as JSON lines: `{"time": ms, ...}`; NaN is null. */
export async function writeJsonLines(path: string, frame: Frame): Promise<void> {
  const lines: string[] = [];
  for (let row = 0; row < frame.length; row++) {
    const record: Record<string, number | null> = { time: frame.time[row]! };
    for (const [name, column] of Object.entries(frame.columns)) {
      record[name] = Number.isFinite(column[row]!) ? column[row]! : null;
    }
    lines.push(`${JSON.stringify(record)}\n`);
  }
  await write(path, lines.join(""));
}

/** Writes a frame as Parquet: `time` as a UTC timestamp in ms, every column a double. */
export async function writeParquet(path: string, frame: Frame): Promise<void> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: "time", data: Array.from(frame.time, (ms) => new Date(ms)), type: "TIMESTAMP", nullable: false },
      ...Object.entries(frame.columns).map(([name, data]) => ({
        name,
        data,
        type: "DOUBLE" as const,
        nullable: false,
      })),
    ],
  });
  await write(path, new Uint8Array(bytes));
}

/** Writes a frame as an Arrow IPC file: `time` as a UTC timestamp in ms, every column a double. */
export async function writeArrow(path: string, frame: Frame): Promise<void> {
  const { makeData, makeVector, Table, tableToIPC, TimestampMillisecond } = await import("apache-arrow");
  const time = makeVector(
    makeData({
      type: new TimestampMillisecond("UTC"),
      length: frame.length,
      data: BigInt64Array.from(frame.time, (ms) => BigInt(ms)),
    }),
  );
  const columns = Object.entries(frame.columns).map(([name, column]) => [name, makeVector(column.slice())] as const);
  const table = new Table({ time, ...Object.fromEntries(columns) });
  await write(path, tableToIPC(table, "file"));
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new QmtlError("FILE_UNWRITABLE", `cannot write ${path}: ${problem}`, { details: { file: path }, cause });
  }
}

function cellOf(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

function quoted(name: string): string {
  return /[",;\t\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

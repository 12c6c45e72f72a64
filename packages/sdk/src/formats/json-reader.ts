import { readFile, stat } from "node:fs/promises";
import { formatError } from "./cell-error.ts";
import type { FileRows } from "./file-rows.ts";
import type { ReadOptions } from "./read-options.ts";
import { RecordRows } from "./record-rows.ts";
import { openFile, textChunks } from "./text-chunks.ts";

// One text of the runtime holds at most 512 Mi characters.
const jsonSizeMax = 500 << 20;

/**
 * Reads JSON lines: one object per line, blank lines skipped. Of any size.
 *
 * @throws QmtlError `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `DATA_FORMAT`, `DATA_INVALID`, `DATA_TIME_UNIT`
 */
export async function readJsonLines(path: string, options: ReadOptions = {}): Promise<FileRows> {
  const rows = new RecordRows(path, options);
  let line = 0;
  for await (const chunk of textChunks(path, options.signal)) {
    for (const text of Buffer.from(chunk).toString("utf8").split("\n").slice(0, -1)) {
      line++;
      const bare = text.replace(/^\uFEFF/, "").trim();
      if (bare !== "") rows.push(parseLine(path, bare, line), line);
    }
  }
  return rows.finish() ?? emptyRows(path);
}

/** Reads a JSON array of objects, one per row. @throws as `readJsonLines`; refuses more than 500 MB */
export async function readJson(path: string, options: ReadOptions = {}): Promise<FileRows> {
  await openFile(path).then(async (file) => file.close());
  const { size } = await stat(path);
  if (size > jsonSizeMax) {
    const found = `${Math.round(size / 2 ** 20)} MB`;
    throw formatError(
      path,
      `a JSON array is read whole and may have 500 MB; found ${found}`,
      "write JSON lines, CSV or Parquet",
    );
  }
  const text = (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  let records: unknown;
  try {
    records = JSON.parse(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw formatError(
      path,
      `expected a JSON array of objects; ${problem}`,
      "use a .jsonl name for one object per line",
      cause,
    );
  }
  if (!Array.isArray(records)) {
    throw formatError(path, "expected a JSON array of objects", "write [{...}, {...}], one object per bar");
  }
  const rows = new RecordRows(path, options);
  for (const [index, record] of records.entries()) rows.push(record, index + 1);
  return rows.finish() ?? emptyRows(path);
}

/** A file that holds no row at all. */
export function emptyRows(path: string): FileRows {
  return {
    source: path,
    length: 0,
    time: new Float64Array(0),
    timeReading: { column: "time", description: "no rows", isDays: false, nonexistentLocal: [] },
    columns: {},
    ignored: [],
    rowNumber: (index) => index + 1,
  };
}

function parseLine(path: string, text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw formatError(path, `row ${line} is no JSON object: ${problem}`, "write one object per line", cause);
  }
}

import { extname } from "node:path";
import { readArrow } from "./arrow-reader.ts";
import { formatError } from "./cell-error.ts";
import { readCsv } from "./csv-reader.ts";
import type { FileRows } from "./file-rows.ts";
import { readJson, readJsonLines } from "./json-reader.ts";
import { readParquet } from "./parquet-reader.ts";
import type { ReadOptions } from "./read-options.ts";

export type FileFormat = "csv" | "jsonl" | "json" | "parquet" | "arrow";

const readers: Readonly<Record<FileFormat, (path: string, options: ReadOptions) => Promise<FileRows>>> = {
  csv: readCsv,
  jsonl: readJsonLines,
  json: readJson,
  parquet: readParquet,
  arrow: readArrow,
};

const byExtension: Readonly<Record<string, FileFormat>> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".txt": "csv",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".json": "json",
  ".parquet": "parquet",
  ".pq": "parquet",
  ".arrow": "arrow",
  ".arrows": "arrow",
  ".ipc": "arrow",
  ".feather": "arrow",
};

/** The format a file's name claims. @throws QmtlError `DATA_FORMAT` */
export function formatOf(path: string): FileFormat {
  const format = byExtension[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  throw formatError(
    path,
    `the file name tells no format; known are ${Object.keys(byExtension).join(" ")}`,
    "rename it, or say format",
  );
}

/** Reads a data file by its format, given or taken from its name. Nothing is judged yet: see `inspectRows`. */
export async function readDataFile(
  path: string,
  options: ReadOptions & { readonly format?: FileFormat } = {},
): Promise<FileRows> {
  return readers[options.format ?? formatOf(path)](path, options);
}

import { stat } from "node:fs/promises";
import { planColumns } from "./column-plan.ts";
import { readCsvHeader } from "./csv-header.ts";
import { CsvParser } from "./csv-parser.ts";
import { formatError } from "./cell-error.ts";
import type { FileRows } from "./file-rows.ts";
import type { ReadOptions } from "./read-options.ts";
import { textChunks } from "./text-chunks.ts";
import { TimeColumn } from "./time-column.ts";

/**
 * Reads a CSV file of any size into columns. Every number is the double nearest to its text.
 *
 * @throws QmtlError `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `DATA_EMPTY`, `DATA_FORMAT`, `DATA_INVALID`,
 *   `DATA_TIME_UNIT`, `CANCELLED`; each names file, row, column and value
 */
export async function readCsv(path: string, options: ReadOptions = {}): Promise<FileRows> {
  let parser: CsvParser | undefined;
  let time: TimeColumn | undefined;
  let timeName = "time";
  for await (const chunk of textChunks(path, options.signal)) {
    let from = 0;
    if (parser === undefined) {
      const header = readCsvHeader(path, chunk, options);
      if (header === undefined) continue;
      const plan = planColumns(path, header.names, options);
      const rowsExpected = await expectedRows(path, chunk, header.dataStart);
      timeName = plan.names[plan.timeIndex]!;
      time = new TimeColumn(path, timeName, options);
      parser = new CsvParser(path, plan, time, {
        delimiter: header.delimiter,
        decimal: (options.decimal ?? ".").charCodeAt(0),
        firstLine: header.firstLine,
        rowsExpected,
      });
      from = header.dataStart;
    }
    parser.parse(chunk, from, chunk.length);
  }
  if (parser === undefined || time === undefined) {
    throw formatError(path, "the file is empty; expected at least a header row");
  }
  const done = parser;
  const rowNumber = (index: number): number => done.rowNumber(index);
  const { time: times, reading } = time.finish(rowNumber, done.epochs());
  return {
    source: path,
    length: done.rows,
    time: times,
    timeReading: reading,
    columns: done.columns(),
    ignored: done.ignored(),
    rowNumber,
  };
}

// From the average length of the first lines, plus a little, so that columns are seldom copied to grow.
async function expectedRows(path: string, chunk: Uint8Array, dataStart: number): Promise<number> {
  let lines = 0;
  let at = dataStart;
  while (lines < 1_000) {
    const end = chunk.indexOf(10, at);
    if (end < 0) break;
    at = end + 1;
    lines++;
  }
  if (lines === 0) return 16;
  const { size } = await stat(path);
  return Math.ceil(((size - dataStart) / ((at - dataStart) / lines)) * 1.02) + 16;
}

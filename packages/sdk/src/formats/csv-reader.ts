import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { planColumns } from "./column-plan.ts";
import { readCsvHeader } from "./csv-header.ts";
import { textCapacity } from "./csv-kernel/memory-map.ts";
import { CsvParser } from "./csv-parser.ts";
import { parsePieces, returnKernel, takeKernel } from "./csv-pieces.ts";
import { formatError } from "./cell-error.ts";
import type { FileRows } from "./file-rows.ts";
import type { ReadOptions } from "./read-options.ts";
import { chunksOf, openFile, throwIfStopped } from "./text-chunks.ts";
import { TimeColumn } from "./time-column.ts";

const newline = 10;

/**
 * Reads a CSV file of any size into columns. Every number is the double nearest to its text.
 *
 * @throws QmtlError `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `DATA_EMPTY`, `DATA_FORMAT`, `DATA_INVALID`,
 *   `DATA_TIME_UNIT`, `CANCELLED`; each names file, row, column and value
 */
export async function readCsv(path: string, options: ReadOptions = {}): Promise<FileRows> {
  const file = await openFile(path);
  try {
    const reading = new CsvReading(path, options, await file.stat());
    await reading.readAll(file);
    return reading.finish();
  } finally {
    await file.close();
  }
}

// Below this the first chunks are all there is.
const piecesMin = 1 << 20;

class CsvReading {
  readonly #path: string;
  readonly #options: ReadOptions;
  readonly #stat: Stats;
  #parser: CsvParser | undefined;
  #time: TimeColumn | undefined;
  #timeName = "time";

  constructor(path: string, options: ReadOptions, stat: Stats) {
    this.#path = path;
    this.#options = options;
    this.#stat = stat;
  }

  async readAll(file: FileHandle): Promise<void> {
    const behind = await this.#readChunks(file);
    if (behind === undefined) return;
    const { size } = this.#stat;
    const onBreath = () => throwIfStopped(this.#path, this.#options.signal);
    const rest = await parsePieces(this.#parser!, { fd: file.fd, size }, behind, onBreath);
    if (rest !== undefined) await this.#readChunks(file, rest);
  }

  finish(): FileRows {
    const [parser, time] = [this.#parser, this.#time];
    if (parser === undefined || time === undefined) {
      throw formatError(this.#path, "the file is empty; expected at least a header row");
    }
    const rowNumber = (index: number): number => parser.rowNumber(index);
    const { time: times, reading } = time.finish(rowNumber, parser.epochs(), parser.epochOrder);
    return {
      source: this.#path,
      length: parser.rows,
      time: times,
      timeReading: reading,
      columns: parser.columns(),
      ignored: parser.ignored(),
      rowNumber,
    };
  }

  /** @returns where the file can be read in pieces from; undefined at its end */
  async #readChunks(file: FileHandle, start?: number): Promise<number | undefined> {
    const { signal } = this.#options;
    let behind = start ?? 0;
    const chunks = chunksOf(file, this.#path, {
      ...(start !== undefined && { start }),
      ...(signal !== undefined && { signal }),
    });
    for await (const chunk of chunks) {
      const from = this.#parser === undefined ? this.#begin(chunk) : 0;
      if (this.#parser !== undefined) parseText(this.#parser, chunk, from);
      behind += chunk.length;
      const isLarge = this.#stat.isFile() && this.#stat.size - behind >= piecesMin;
      if (start === undefined && isLarge && this.#parser?.layout() !== undefined) return behind;
    }
    return undefined;
  }

  /** Reads the header, if it is in this chunk. @returns where the data starts */
  #begin(chunk: Uint8Array): number {
    const header = readCsvHeader(this.#path, chunk, this.#options);
    if (header === undefined) return 0;
    const plan = planColumns(this.#path, header.names, this.#options);
    this.#timeName = plan.names[plan.timeIndex]!;
    const rowsExpected = expectedRows(this.#stat.size, chunk, header.dataStart);
    this.#time = new TimeColumn(this.#path, this.#timeName, this.#options, rowsExpected);
    this.#parser = new CsvParser(this.#path, plan, this.#time, {
      delimiter: header.delimiter,
      decimal: (this.#options.decimal ?? ".").charCodeAt(0),
      firstLine: header.firstLine,
      rowsExpected,
    });
    return header.dataStart;
  }
}

/** Gives a text of whole lines to the parser: what the kernel can take, through the kernel. */
function parseText(parser: CsvParser, text: Uint8Array, from: number): void {
  let at = parser.parse(text, from, text.length, true);
  while (at < text.length) {
    const layout = parser.layout()!;
    const kernel = takeKernel();
    try {
      kernel.setLayout(layout);
      // The kind of a column may change on the way.
      while (at < text.length && parser.layout() === layout) {
        const end =
          text.length - at <= textCapacity ? text.length : text.lastIndexOf(newline, at + textCapacity - 1) + 1;
        if (end <= at) break;
        kernel.fill(0, text.subarray(at, end));
        kernel.parse(0);
        parser.take(kernel, 0);
        at = end;
      }
    } finally {
      returnKernel(kernel);
    }
    // A line that no slot can hold.
    if (parser.layout() === layout && at < text.length) at = parser.parse(text, at, text.indexOf(newline, at) + 1);
  }
}

// From the average length of the first lines, plus a little, so that columns are seldom copied to grow.
function expectedRows(size: number, chunk: Uint8Array, dataStart: number): number {
  let lines = 0;
  let at = dataStart;
  while (lines < 1_000) {
    const end = chunk.indexOf(10, at);
    if (end < 0) break;
    at = end + 1;
    lines++;
  }
  if (lines === 0) return 16;
  return Math.ceil(((size - dataStart) / ((at - dataStart) / lines)) * 1.02) + 16;
}

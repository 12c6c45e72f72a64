import { formatError } from "./cell-error.ts";
import type { ReadOptions } from "./read-options.ts";

export interface CsvHeader {
  readonly names: readonly string[];
  readonly delimiter: number; // byte
  /** Offset of the first data row. */
  readonly dataStart: number;
  /** Line the data start on; 1 when there is no header row. */
  readonly firstLine: number;
}

const delimiters = [",", ";", "\t", "|"] as const;

/**
 * Reads the header line of a CSV file from its first bytes (byte order mark and blank lines first are skipped).
 *
 * @param bytes the start of the file, ending in a newline
 * @throws QmtlError `DATA_FORMAT` for a binary or UTF-16 file, or a first row that is data
 */
export function readCsvHeader(source: string, bytes: Uint8Array, options: ReadOptions): CsvHeader | undefined {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw formatError(source, "expected UTF-8 text; found UTF-16", "save the file as UTF-8");
  }
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let line = 1;
  while (bytes[start] === 10 || bytes[start] === 13) if (bytes[start++] === 10) line++;
  if (start >= bytes.length) return undefined;
  const end = bytes.indexOf(10, start);
  const text = Buffer.from(bytes.subarray(start, end < 0 ? bytes.length : end))
    .toString("utf8")
    .replace(/\r$/, "");
  if (text.includes("\0")) throw formatError(source, "expected text with a header row; found binary data");
  const delimiter = options.delimiter ?? mostFrequent(text);
  if (options.header !== undefined) {
    return { names: options.header, delimiter: delimiter.charCodeAt(0), dataStart: start, firstLine: line };
  }
  const names = splitLine(text, delimiter);
  if (names.every((name) => /^[+-]?[\d.:/\-TZ ]+$/.test(name) && /\d/.test(name))) {
    throw formatError(
      source,
      `row ${line} should be a header; found data (${text.slice(0, 60)})`,
      'give the names, for example header: ["time", "open", "high", "low", "close", "volume"]',
    );
  }
  const dataStart = end < 0 ? bytes.length : end + 1;
  return { names, delimiter: delimiter.charCodeAt(0), dataStart, firstLine: line + 1 };
}

function mostFrequent(text: string): string {
  const bare = text.replaceAll(/"[^"]*"/g, "");
  let best = ",";
  for (const candidate of delimiters) {
    if (bare.split(candidate).length > bare.split(best).length) best = candidate;
  }
  return best;
}

function splitLine(text: string, delimiter: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (character === delimiter && !quoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += character;
  }
  cells.push(cell.trim());
  // A delimiter at the end of the line names no column.
  if (cells.length > 1 && cells.at(-1) === "") cells.pop();
  return cells;
}

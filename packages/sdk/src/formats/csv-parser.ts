import { cellError } from "./cell-error.ts";
import type { ColumnPlan } from "./column-plan.ts";
import { hasKernel, type CsvLayout, type KernelSlots } from "./csv-kernel/csv-kernel.ts";
import { columnKind } from "./csv-kernel/memory-map.ts";
import { divideDigits } from "./divide-digits.ts";
import { EpochOrder } from "./epoch-order.ts";
import { newColumn } from "./new-column.ts";
import type { TimeColumn } from "./time-column.ts";

const newline = 10;
const carriageReturn = 13;
const space = 32;
const quote = 34;
const point = 46;
const minus = 45;
const exactMax = 2 ** 53;
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const plainNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const absentWords = new Set(["", "nan", "null", "na", "n/a", "none", "-"]);
const infinityWord = /^[+-]?inf(inity)?$/i;

/**
 * Puts the rows of a CSV file into `Float64Array`s, in their order: those that the kernel has found in a text, and by
 * itself, straight from bytes, lines of any other kind. Digits that make an integer below 2^53 are that integer divided
 * by a power of ten up to 10^22: both are exact doubles, so IEEE division rounds once and the result is the double
 * nearest to the text (Clinger, "How to read floating point numbers accurately", 1990). Up to eighteen digits are
 * divided in twice the precision: see `divideDigits`. Any other text goes through `Number`, which is exact too.
 */
export class CsvParser {
  /** Of the time column, when it holds epoch numbers. */
  readonly epochOrder = new EpochOrder();
  readonly #source: string;
  readonly #plan: ColumnPlan;
  readonly #time: TimeColumn;
  readonly #delimiter: number;
  readonly #decimal: number;
  readonly #kinds: Uint8Array;
  readonly #targets: Float64Array[];
  #capacity: number;
  #rows = 0;
  #layout: CsvLayout | undefined;
  #line: number; // line of the file the next row starts on
  // Row `at` is the first one that stands at line `line`: one entry per place where the numbering jumps.
  readonly #jumps: { readonly at: number; readonly line: number }[] = [];
  #value = 0; // what the last slow cell held
  #end = 0; // where it ended

  constructor(
    source: string,
    plan: ColumnPlan,
    time: TimeColumn,
    options: {
      readonly delimiter: number;
      readonly decimal: number;
      readonly firstLine: number;
      readonly rowsExpected: number;
    },
  ) {
    this.#source = source;
    this.#plan = plan;
    this.#time = time;
    this.#delimiter = options.delimiter;
    this.#decimal = options.decimal;
    this.#line = options.firstLine;
    this.#jumps.push({ at: 0, line: options.firstLine });
    this.#capacity = Math.max(16, options.rowsExpected);
    this.#kinds = Uint8Array.from(plan.fields, (field, index) => {
      if (index === plan.timeIndex) return columnKind.time;
      if (field === "") return columnKind.skip;
      return plan.mustBeNumber[index] === true ? columnKind.number : columnKind.undecided;
    });
    this.#targets = plan.fields.map((_, index) => newColumn(this.#isRead(index) ? this.#capacity : 0));
  }

  get rows(): number {
    return this.#rows;
  }

  /** The time column, when it holds epoch numbers: see `TimeColumn.takeNumbers`. */
  epochs(): Float64Array | undefined {
    const index = this.#plan.timeIndex;
    return this.#kinds[index] === columnKind.number ? this.#targets[index]!.subarray(0, this.#rows) : undefined;
  }

  /** Numeric columns by field. A column that never held a value is numeric, all NaN. */
  columns(): Record<string, Float64Array> {
    const columns: Record<string, Float64Array> = {};
    for (const [index, field] of this.#plan.fields.entries()) {
      if (index !== this.#plan.timeIndex && this.#isRead(index))
        columns[field] = this.#targets[index]!.subarray(0, this.#rows);
    }
    return columns;
  }

  /** Columns that turned out to be text. */
  ignored(): string[] {
    return this.#plan.fields.filter((field, index) => field !== "" && this.#kinds[index] === columnKind.skip);
  }

  rowNumber(index: number): number {
    let low = 0;
    let high = this.#jumps.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#jumps[middle]!.at <= index) low = middle;
      else high = middle - 1;
    }
    const jump = this.#jumps[low]!;
    return jump.line + index - jump.at;
  }

  /** How the kernel is to read what follows: the same object until that changes; undefined while it cannot. */
  layout(): CsvLayout | undefined {
    const { timeIndex } = this.#plan;
    const timeIsKnown = this.#kinds[timeIndex] === columnKind.number || this.#time.isIso;
    if (!hasKernel || !timeIsKnown || this.#kinds.length < 2 || this.#delimiter === this.#decimal) return undefined;
    this.#layout ??= { kinds: this.#kinds.slice(), delimiter: this.#delimiter, decimal: this.#decimal };
    return this.#layout;
  }

  /** Takes over what the kernel made of a slot's text: its rows, and the lines it left alone. */
  take(slots: KernelSlots, slot: number): void {
    let done = 0;
    for (const { rowsBefore, from, to } of slots.oddRuns(slot)) {
      this.#takeRows(slots, slot, done, rowsBefore);
      this.parse(slots.bytes, from, to);
      done = rowsBefore;
    }
    this.#takeRows(slots, slot, done, slots.get(slot, "rows"));
  }

  /**
   * Parses bytes `from..to-1`: whole lines, the last of which ends in a newline.
   *
   * @param untilLayout - stop as soon as the kernel could go on
   * @returns where it stopped
   */
  parse(bytes: Uint8Array, from: number, to: number, untilLayout = false): number {
    const kinds = this.#kinds;
    const columnCount = kinds.length;
    const delimiter = this.#delimiter;
    let row = this.#rows;
    let p = from;
    while (p < to) {
      if (bytes[p] === newline || (bytes[p] === carriageReturn && bytes[p + 1] === newline)) {
        p += bytes[p] === newline ? 1 : 2;
        this.#jumps.push({ at: row, line: ++this.#line });
        continue;
      }
      if (row === this.#capacity) this.#grow(row + 1);
      for (let column = 0; ; column++) {
        if (column >= columnCount) {
          p = this.#extraCell(bytes, p, column);
        } else {
          const kind = kinds[column]!;
          if (kind === columnKind.number) {
            p = this.#numberCell(bytes, p, column, row);
          } else if (kind === columnKind.time) {
            p = this.#timeCell(bytes, p, column);
          } else if (kind === columnKind.skip) {
            p = cellEnd(bytes, p, delimiter);
          } else {
            p = this.#undecidedCell(bytes, p, column, row);
          }
        }
        const byte = bytes[p]!;
        if (byte === delimiter) {
          p++;
          continue;
        }
        if (column + 1 < columnCount) this.#missingCells(row, column + 1);
        p += byte === carriageReturn ? 2 : 1;
        break;
      }
      this.#rows = ++row;
      this.#line++;
      if (untilLayout && this.layout() !== undefined) break;
    }
    return p;
  }

  #takeRows(slots: KernelSlots, slot: number, from: number, to: number): void {
    const count = to - from;
    if (count === 0) return;
    if (this.#rows + count > this.#capacity) this.#grow(this.#rows + count);
    for (const [column, kind] of this.#kinds.entries()) {
      if (kind === columnKind.skip) continue;
      const values = slots.column(slot, column, this.#kinds.length, from, to);
      if (kind === columnKind.time) this.#time.pushWalls(values, slots.get(slot, "flags"));
      else this.#targets[column]!.set(values, this.#rows);
    }
    this.#rows += count;
    const times = this.epochs();
    if (times !== undefined) this.epochOrder.extend(times, this.#rows);
    this.#line += count;
  }

  #isRead(index: number): boolean {
    return this.#kinds[index] !== columnKind.skip && this.#kinds[index] !== columnKind.time;
  }

  #grow(rows: number): void {
    this.#capacity = Math.max(rows, Math.ceil(this.#capacity * 1.25) + 1_024);
    for (const [index, target] of this.#targets.entries()) {
      if (!this.#isRead(index)) continue;
      const wider = newColumn(this.#capacity);
      wider.set(target);
      this.#targets[index] = wider;
    }
  }

  #setKind(column: number, kind: number): void {
    this.#kinds[column] = kind;
    this.#layout = undefined;
  }

  #timeCell(bytes: Uint8Array, start: number, column: number): number {
    const end = cellEnd(bytes, start, this.#delimiter);
    if (bytes[start] === quote || bytes[start] === space || bytes[end - 1] === space) {
      this.#time.pushText(cellText(bytes, start, end), this.#line);
    } else {
      this.#time.pushBytes(bytes, start, end, this.#line);
    }
    // Epoch numbers go the way of all numbers from the first one on.
    if (this.#time.isEpoch) {
      this.#setKind(column, columnKind.number);
      this.#targets[column] = this.#time.takeNumbers(this.#capacity);
    }
    return end;
  }

  #undecidedCell(bytes: Uint8Array, start: number, column: number, row: number): number {
    const end = cellEnd(bytes, start, this.#delimiter);
    const text = cellText(bytes, start, end);
    if (absentWords.has(text.toLowerCase())) {
      this.#targets[column]![row] = Number.NaN;
    } else if (plainNumber.test(this.#pointed(text)) || infinityWord.test(text)) {
      this.#setKind(column, columnKind.number);
      this.#slowNumber(bytes, start, column, this.#line);
      this.#targets[column]![row] = this.#value;
    } else {
      this.#setKind(column, columnKind.skip);
      this.#targets[column] = new Float64Array(0);
    }
    return end;
  }

  #numberCell(bytes: Uint8Array, start: number, column: number, row: number): number {
    const end = cellEnd(bytes, start, this.#delimiter);
    const negative = bytes[start] === minus;
    const first = negative ? start + 1 : start;
    let digits = 0;
    let points = 0;
    let places = 0;
    for (let at = first; at < end; at++) {
      if ((bytes[at]! ^ 48) <= 9) digits++;
      else if (bytes[at] === this.#decimal) {
        points++;
        places = end - at - 1;
      }
    }
    const isPlain = digits > 0 && points <= 1 && digits + points === end - first;
    const value = isPlain ? longNumber(bytes, first, end, digits, places) : Number.NaN;
    if (value === value) {
      this.#targets[column]![row] = negative ? -value : value;
    } else {
      this.#slowNumber(bytes, start, column, this.#line);
      this.#targets[column]![row] = this.#value;
    }
    return end;
  }

  #slowNumber(bytes: Uint8Array, start: number, column: number, line: number): void {
    this.#end = cellEnd(bytes, start, this.#delimiter);
    if (this.#end === start) {
      this.#value = Number.NaN;
      return;
    }
    const text = cellText(bytes, start, this.#end);
    const pointed = this.#pointed(text);
    if (plainNumber.test(pointed)) {
      this.#value = Number(pointed);
    } else if (absentWords.has(text.toLowerCase())) {
      this.#value = Number.NaN;
    } else if (infinityWord.test(text)) {
      this.#value = text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    } else {
      const hint = /^[+-]?[\d.]*,\d+$/.test(text)
        ? 'say decimal: "," when the file writes a decimal comma; thousands separators have to go'
        : "correct the cell; an absent value is an empty cell";
      throw cellError({ source: this.#source, row: line, column: this.#plan.names[column]! }, text, "a number", hint);
    }
  }

  #pointed(text: string): string {
    return this.#decimal === point ? text : text.includes(".") ? "not a number" : text.replace(",", ".");
  }

  // A row may end in one delimiter too many; anything in there is another matter.
  #extraCell(bytes: Uint8Array, start: number, column: number): number {
    const end = cellEnd(bytes, start, this.#delimiter);
    const text = cellText(bytes, start, end);
    if (text !== "") {
      throw cellError(
        { source: this.#source, row: this.#line, column: `number ${column + 1}` },
        text,
        `at most ${this.#plan.names.length} cells, as the header has`,
        "quote cells that hold the delimiter, or correct the row",
        "DATA_FORMAT",
      );
    }
    return end;
  }

  #missingCells(row: number, from: number): void {
    for (let column = from; column < this.#kinds.length; column++) {
      if (this.#kinds[column] === columnKind.time) this.#time.pushMissing();
      else if (this.#isRead(column)) this.#targets[column]![row] = Number.NaN;
    }
  }
}

// Up to eighteen digits as two exact integers of up to nine; NaN when they are more, or leave the nearest double open.
function longNumber(bytes: Uint8Array, start: number, end: number, digits: number, places: number): number {
  if (digits > 18 || places > 22) return Number.NaN;
  let head = 0;
  let tail = 0;
  let left = digits - 9;
  let at = start;
  for (; left > 0; at++) {
    const digit = bytes[at]! ^ 48;
    if (digit > 9) continue; // the point
    head = (Math.imul(head, 10) + digit) | 0;
    left--;
  }
  for (; at < end; at++) {
    const digit = bytes[at]! ^ 48;
    if (digit <= 9) tail = (Math.imul(tail, 10) + digit) | 0;
  }
  const integer = head * 1e9 + tail;
  return integer < exactMax ? integer / powersOfTen[places]! : divideDigits(head, tail, places);
}

/** End of the cell that starts at `start`: its delimiter or line end. Quotes may hold delimiters, not newlines. */
function cellEnd(bytes: Uint8Array, start: number, delimiter: number): number {
  let p = start;
  if (bytes[p] === quote) {
    for (p++; bytes[p] !== newline; p++) {
      if (bytes[p] === quote && bytes[++p] !== quote) break;
    }
  }
  let byte = bytes[p]!;
  while (byte !== delimiter && byte !== newline) byte = bytes[++p]!;
  return byte === newline && p > start && bytes[p - 1] === carriageReturn ? p - 1 : p;
}

function cellText(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    .toString("utf8")
    .trim();
  if (text.length >= 2 && text.startsWith('"') && text.endsWith('"')) {
    return text.slice(1, -1).replaceAll('""', '"').trim();
  }
  return text;
}

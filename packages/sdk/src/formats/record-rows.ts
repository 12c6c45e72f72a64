import { shown } from "@qmtl/core";
import { cellError } from "./cell-error.ts";
import { planColumns, type ColumnPlan } from "./column-plan.ts";
import type { FileRows } from "./file-rows.ts";
import type { ReadOptions } from "./read-options.ts";
import { TimeColumn } from "./time-column.ts";

const plainNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Turns records (JSON objects, one per row) into columns. The keys of the first record are the header; a later
 * record may lack some. Numbers may be written as text, as exchanges do.
 */
export class RecordRows {
  readonly #source: string;
  readonly #options: ReadOptions;
  readonly #rowNumbers: number[] = [];
  #plan: ColumnPlan | undefined;
  #time: TimeColumn | undefined;
  readonly #columns = new Map<string, number[] | undefined>(); // undefined: text, left out

  constructor(source: string, options: ReadOptions) {
    this.#source = source;
    this.#options = options;
  }

  push(record: unknown, row: number): void {
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      throw cellError(
        { source: this.#source, row, column: "(row)" },
        shown(record),
        'an object such as {"time": ..., "close": ...}',
        "write one object per bar",
        "DATA_FORMAT",
      );
    }
    const cells = record as Readonly<Record<string, unknown>>;
    this.#plan ??= planColumns(this.#source, Object.keys(cells), this.#options);
    const { names, fields, timeIndex } = this.#plan;
    this.#time ??= new TimeColumn(this.#source, names[timeIndex]!, this.#options);
    for (const [index, name] of names.entries()) {
      const cell = cells[name];
      if (index === timeIndex) this.#pushTime(cell, row);
      else this.#pushCell(fields[index]!, this.#plan.mustBeNumber[index] === true, cell, row, name);
    }
    this.#rowNumbers.push(row);
  }

  finish(): FileRows | undefined {
    if (this.#time === undefined || this.#plan === undefined) return undefined;
    const rowNumber = (index: number): number => this.#rowNumbers[index] ?? index + 1;
    const { time, reading } = this.#time.finish(rowNumber);
    const columns: Record<string, Float64Array> = {};
    const ignored: string[] = [];
    for (const [field, values] of this.#columns) {
      if (values === undefined) ignored.push(field);
      else columns[field] = Float64Array.from(values);
    }
    return { source: this.#source, length: time.length, time, timeReading: reading, columns, ignored, rowNumber };
  }

  #pushTime(cell: unknown, row: number): void {
    if (typeof cell === "number") this.#time!.pushNumber(cell, row);
    else if (typeof cell === "string") this.#time!.pushText(cell, row);
    else if (cell === null || cell === undefined) this.#time!.pushMissing();
    else this.#time!.pushText(shown(cell), row);
  }

  #pushCell(field: string, must: boolean, cell: unknown, row: number, name: string): void {
    if (!this.#columns.has(field)) this.#columns.set(field, []);
    const values = this.#columns.get(field);
    if (values === undefined) return;
    const value = numberOf(cell);
    if (value !== undefined) {
      values.push(value);
      return;
    }
    if (must || values.some((known) => !Number.isNaN(known))) {
      throw cellError(
        { source: this.#source, row, column: name },
        typeof cell === "string" ? cell : shown(cell),
        "a number",
        "correct the cell; an absent value is null",
      );
    }
    // The first value of a column decides: text is left out.
    this.#columns.set(field, undefined);
  }
}

function numberOf(cell: unknown): number | undefined {
  if (typeof cell === "number") return cell;
  if (cell === null || cell === undefined || cell === "") return Number.NaN;
  if (typeof cell === "boolean") return cell ? 1 : 0;
  if (typeof cell !== "string") return undefined;
  if (plainNumber.test(cell)) return Number(cell);
  return /^(nan|null|na|n\/a)$/i.test(cell) ? Number.NaN : undefined;
}

import { nearestWord, QmtlError, shown, type EpochMs, type IntervalMs, type JsonValue } from "@qmtl/core";
import type { OutputColumns } from "./columns.ts";

/** A window of one field, oldest first, read in place: valid only during the call it was given to. */
export interface ColumnView extends Iterable<number> {
  readonly length: number;
  /** Value at a position; negative counts from the newest: `at(-1)` is the current row. NaN is absent. */
  at(position: number): number;
  /** A copy that may be kept and written. */
  toArray(): Float64Array;
  sum(): number;
  mean(): number;
  min(): number;
  max(): number;
}

/** A row as an author sees it. `value` is the number of a scalar node; `payload` what a JSON node gave. */
export interface RowView<F extends string = string> {
  readonly time: EpochMs; // bucket start
  readonly fields: Readonly<Record<F, number>>;
  readonly payload: JsonValue | undefined;
}

/** One input of a compute function: its rows up to and including the current one, never later ones. */
export interface InputView<F extends string = string> {
  readonly name: string;
  readonly intervalMs: IntervalMs;
  /** Rows this view holds: at most the node's period. */
  readonly length: number;
  /** Bucket start of the newest row. */
  readonly time: EpochMs;
  /** Newest value of the primary field ("value", or "close" of bars). */
  readonly value: number;
  /** Newest JSON value of a node that does not return numbers. */
  readonly payload: JsonValue | undefined;
  readonly latest: RowView<F>;
  get(field: F): number;
  column(field?: F): ColumnView;
  /** The newest `count` rows, oldest first. */
  window(count: number): readonly RowView<F>[];
  /** Bucket starts of the rows, oldest first. */
  times(): ColumnView;
}

/** What a compute function receives. With a single input, the view reads like that input. */
export interface ComputeView<
  Inputs extends Readonly<Record<string, string>> = Readonly<Record<string, string>>,
> extends InputView<Inputs[keyof Inputs]> {
  /** Start of the bucket that is computed, and the instant it became knowable. */
  readonly bucketMs: EpochMs;
  readonly nowMs: EpochMs;
  /** An input by its key, by its position, or by the node (optionally checked to be of an interval, in ms). */
  of<K extends keyof Inputs & string>(key: K, intervalMs?: IntervalMs): InputView<Inputs[K]>;
  of(position: number, intervalMs?: IntervalMs): InputView;
  of(node: { readonly name: string }, intervalMs?: IntervalMs): InputView;
  readonly inputs: readonly InputView[];
}

/** The window the engine moves; authors only see it as `InputView`. No method allocates but those that copy. */
export class InputWindow implements InputView {
  readonly name: string;
  readonly intervalMs: IntervalMs;
  readonly #columns: OutputColumns;
  readonly #time: Float64Array;
  readonly #views = new Map<string, ColumnWindow>();
  #times: ColumnWindow | undefined;
  #end = 0; // position after the newest row
  #length = 0;

  constructor(name: string, intervalMs: IntervalMs, columns: OutputColumns, time: Float64Array) {
    this.name = name;
    this.intervalMs = intervalMs;
    this.#columns = columns;
    this.#time = time;
    Object.freeze(this); // its state is private: only what an author would write onto it is kept off
  }

  /** Engine only: shows rows `end - length .. end - 1`. */
  static move(window: InputWindow, end: number, length: number): void {
    window.#end = end;
    window.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  get time(): EpochMs {
    return this.#time[this.#end - 1]!;
  }

  get value(): number {
    return this.#column(undefined)[this.#end - 1]!;
  }

  get payload(): JsonValue | undefined {
    return this.#columns.payload?.[this.#end - 1];
  }

  get latest(): RowView {
    return this.#row(this.#end - 1);
  }

  get(field: string): number {
    return this.#column(field)[this.#end - 1]!;
  }

  column(field?: string): ColumnView {
    const key = field ?? "";
    let view = this.#views.get(key);
    if (!view) this.#views.set(key, (view = new ColumnWindow(this.#column(field))));
    ColumnWindow.move(view, this.#end - this.#length, this.#length);
    return view;
  }

  times(): ColumnView {
    const view = (this.#times ??= new ColumnWindow(this.#time));
    ColumnWindow.move(view, this.#end - this.#length, this.#length);
    return view;
  }

  window(count: number): readonly RowView[] {
    if (!Number.isInteger(count) || count < 0) {
      throw new QmtlError("VIEW_OUT_OF_RANGE", `window(count) takes a whole number of rows; found ${shown(count)}`);
    }
    if (count > this.#length) {
      throw new QmtlError(
        "VIEW_OUT_OF_RANGE",
        `window(${count}) of "${this.name}" asked for more rows than the ${this.#length} its reader keeps`,
        { hint: `give the node a period of at least ${count}` },
      );
    }
    return Array.from({ length: count }, (_, offset) => this.#row(this.#end - count + offset));
  }

  #row(row: number): RowView {
    const fields: Record<string, number> = {};
    for (const [field, column] of this.#columns.numeric) fields[field] = column[row]!;
    return { time: this.#time[row]!, fields, payload: this.#columns.payload?.[row] };
  }

  #column(field: string | undefined): Float64Array {
    const name = field ?? this.#columns.primaryField();
    const column = name === undefined ? undefined : this.#columns.numeric.get(name);
    if (column) return column;
    const known = [...this.#columns.numeric.keys()];
    const guess = field === undefined ? undefined : nearestWord(field, known);
    throw new QmtlError(
      "FIELD_UNKNOWN",
      field === undefined
        ? `"${this.name}" has no single value; its fields are ${known.join(", ") || "none"}`
        : `"${this.name}" has no field "${field}"; its fields are ${known.join(", ") || "none"}`,
      { ...(guess !== undefined && { hint: `did you mean "${guess}"?` }) },
    );
  }
}

class ColumnWindow implements ColumnView {
  readonly #column: Float64Array;
  #start = 0;
  #length = 0;

  constructor(column: Float64Array) {
    this.#column = column;
    Object.freeze(this);
  }

  static move(view: ColumnWindow, start: number, length: number): void {
    view.#start = start;
    view.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  at(position: number): number {
    const index = position < 0 ? this.#length + position : position;
    // Outside the window lies the past that was not asked for, or the future: neither is readable.
    return index >= 0 && index < this.#length ? this.#column[this.#start + index]! : Number.NaN;
  }

  *[Symbol.iterator](): Iterator<number> {
    for (let index = 0; index < this.#length; index++) yield this.#column[this.#start + index]!;
  }

  toArray(): Float64Array {
    return this.#column.slice(this.#start, this.#start + this.#length);
  }

  sum(): number {
    let sum = 0;
    for (let index = this.#start; index < this.#start + this.#length; index++) sum += this.#column[index]!;
    return sum;
  }

  mean(): number {
    return this.#length === 0 ? Number.NaN : this.sum() / this.#length;
  }

  min(): number {
    let least = Number.NaN;
    for (let index = this.#start; index < this.#start + this.#length; index++) {
      const value = this.#column[index]!;
      if (value < least || least !== least) least = value;
    }
    return least;
  }

  max(): number {
    let most = Number.NaN;
    for (let index = this.#start; index < this.#start + this.#length; index++) {
      const value = this.#column[index]!;
      if (value > most || most !== most) most = value;
    }
    return most;
  }
}

/** All inputs of one compute node. Reads like its first input, which is its only one in the common case. */
export class NodeView implements ComputeView {
  readonly inputs: readonly InputWindow[];
  readonly #keys: ReadonlyMap<string, InputWindow>;
  readonly #first: InputWindow;
  #bucketMs = 0;
  #nowMs = 0;

  constructor(inputs: readonly { readonly key: string; readonly window: InputWindow }[]) {
    this.inputs = Object.freeze(inputs.map((input) => input.window));
    this.#keys = new Map(inputs.map((input) => [input.key, input.window]));
    this.#first = this.inputs[0]!;
    Object.freeze(this);
  }

  /** Engine only. */
  static move(view: NodeView, bucketMs: EpochMs, nowMs: EpochMs): void {
    view.#bucketMs = bucketMs;
    view.#nowMs = nowMs;
  }

  get bucketMs(): EpochMs {
    return this.#bucketMs;
  }
  get nowMs(): EpochMs {
    return this.#nowMs;
  }
  get name(): string {
    return this.#first.name;
  }
  get intervalMs(): IntervalMs {
    return this.#first.intervalMs;
  }
  get length(): number {
    return this.#first.length;
  }
  get time(): EpochMs {
    return this.#first.time;
  }
  get value(): number {
    return this.#first.value;
  }
  get payload(): JsonValue | undefined {
    return this.#first.payload;
  }
  get latest(): RowView {
    return this.#first.latest;
  }
  get(field: string): number {
    return this.#first.get(field);
  }
  column(field?: string): ColumnView {
    return this.#first.column(field);
  }
  window(count: number): readonly RowView[] {
    return this.#first.window(count);
  }
  times(): ColumnView {
    return this.#first.times();
  }

  of(which: string | number | { readonly name: string }, intervalMs?: IntervalMs): InputView {
    const found =
      typeof which === "number"
        ? this.inputs.at(which)
        : typeof which === "string"
          ? (this.#keys.get(which) ?? this.inputs.find((input) => input.name === which))
          : this.inputs.find((input) => input.name === which.name);
    if (!found) {
      const keys = [...this.#keys.keys()];
      const word = typeof which === "object" ? which.name : String(which);
      const guess = nearestWord(word, keys);
      throw new QmtlError("FIELD_UNKNOWN", `there is no input "${word}"; the inputs are ${keys.join(", ")}`, {
        ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
      });
    }
    if (intervalMs !== undefined && found.intervalMs !== intervalMs) {
      throw new QmtlError(
        "FIELD_UNKNOWN",
        `input "${found.name}" has interval ${found.intervalMs} ms, not ${intervalMs} ms`,
      );
    }
    return found;
  }
}

import { nearestWord, QmtlError, shown } from "@qmtl/core";
import { cellError } from "./cell-error.ts";
import { timeFlag } from "./csv-kernel/memory-map.ts";
import { packDate, readDateParts, unpackDate } from "./date-order.ts";
import { EpochOrder } from "./epoch-order.ts";
import { guessEpochUnit, msPerUnit, type EpochUnit } from "./epoch-unit.ts";
import type { TimeReading } from "./file-rows.ts";
import { daysFromCivil, readIso, type IsoTime } from "./iso-time.ts";
import { newColumn } from "./new-column.ts";
import { timeFormats, type ReadOptions, type TimeFormat } from "./read-options.ts";
import { TimeZone } from "./time-zone.ts";

const dayMs = 86_400_000;
type Form = "epoch" | "iso" | "parts";

/**
 * Collects the cells of a time column and, once all are there, decides what they mean. The form (numbers, ISO-8601
 * or day and month numbers) is set by the first cell, or by `timeFormat`; the unit of numbers and the order of day
 * and month need the whole column.
 */
export class TimeColumn {
  readonly #source: string;
  readonly #column: string;
  readonly #options: ReadOptions;
  #form: Form | undefined;
  readonly #rowsExpected: number;
  #raw: Float64Array = new Float64Array(1_024);
  #length = 0;
  #hasWall = false; // a text without offset was seen
  #hasOffset = false;
  #offsets: number[] | undefined; // minutes per row, once one differs from 0
  #yearFirst: boolean | undefined;
  #firstMax = 0;
  #secondMax = 0;
  readonly #iso: IsoTime = { wallMs: 0, offsetMinutes: 0 };

  /** @param rowsExpected - how many rows there will be, about: room is made for them at once when the first few are there */
  constructor(source: string, column: string, options: ReadOptions, rowsExpected = 0) {
    if (options.timeFormat !== undefined && !timeFormats.includes(options.timeFormat)) {
      const near = nearestWord(options.timeFormat, timeFormats);
      throw new QmtlError(
        "TIME_INVALID",
        `timeFormat must be one of ${timeFormats.join(", ")}; found ${shown(options.timeFormat)}`,
        {
          ...(near !== undefined && { hint: `did you mean "${near}"?` }),
        },
      );
    }
    this.#source = source;
    this.#column = column;
    this.#options = options;
    this.#form = formOf(options.timeFormat);
    this.#rowsExpected = rowsExpected;
  }

  get length(): number {
    return this.#length;
  }

  /** True once the column is known to hold epoch numbers. */
  get isEpoch(): boolean {
    return this.#form === "epoch" && this.#length > 0;
  }

  /** True once the column is known to hold ISO-8601 texts. */
  get isIso(): boolean {
    return this.#form === "iso";
  }

  /** Cells in ISO-8601 that were read elsewhere. @param flags - bits of `timeFlag`: which of them there were */
  pushWalls(wallMs: Float64Array, flags: number): void {
    if ((flags & timeFlag.wall) !== 0) this.#hasWall = true;
    if ((flags & timeFlag.offset) !== 0) this.#hasOffset = true;
    if (this.#length + wallMs.length > this.#raw.length) this.#grow(this.#length + wallMs.length);
    this.#raw.set(wallMs, this.#length);
    this.#length += wallMs.length;
    while (this.#offsets !== undefined && this.#offsets.length < this.#length) this.#offsets.push(0);
  }

  /**
   * The numbers so far in an array of `capacity`, for a reader that goes on collecting numbers by itself and hands
   * the whole column to `finish`.
   */
  takeNumbers(capacity: number): Float64Array {
    const numbers = newColumn(Math.max(capacity, this.#length));
    numbers.set(this.#raw.subarray(0, this.#length));
    return numbers;
  }

  /** A cell as bytes of a text file. `row` is where it stands in the file. */
  pushBytes(bytes: Uint8Array, start: number, end: number, row: number): void {
    if (start === end) return this.#push(Number.NaN);
    if (this.#form === "epoch") return this.#push(this.#number(textOf(bytes, start, end), row));
    if (this.#form !== "parts" && readIso(bytes, start, end, this.#iso)) {
      this.#form = "iso";
      return this.#pushIso();
    }
    this.#pushOther(textOf(bytes, start, end), row);
  }

  /** A cell as text. */
  pushText(text: string, row: number): void {
    const bytes = Buffer.from(text.trim(), "latin1");
    this.pushBytes(bytes, 0, bytes.length, row);
  }

  /** A cell that was a number in the file. */
  pushNumber(value: number, row: number): void {
    if (this.#form === undefined) this.#form = "epoch";
    if (this.#form !== "epoch" || !Number.isFinite(value)) this.#refuse(String(value), row);
    this.#push(value);
  }

  /** A cell that is a point in time by its type in the file. */
  pushInstant(utcMs: number): void {
    this.#form = "iso";
    this.#hasOffset = true;
    this.#push(utcMs);
  }

  /** A cell that is a wall-clock time by its type in the file, given as if it were UTC. */
  pushWall(wallMs: number): void {
    this.#form = "iso";
    this.#hasWall = true;
    this.#push(wallMs);
  }

  pushMissing(): void {
    this.#push(Number.NaN);
  }

  /**
   * @param numbers the whole column, when a reader took it over with `takeNumbers`
   * @param epochOrder what the reader knows of it already
   * @throws QmtlError `DATA_TIME_UNIT` when day and month cannot be told apart, `DATA_INVALID` for a day that is none
   */
  finish(
    rowNumber: (index: number) => number,
    numbers?: Float64Array,
    epochOrder = new EpochOrder(),
  ): { readonly time: Float64Array; readonly reading: TimeReading } {
    const raw = numbers ?? this.#raw.subarray(0, this.#length);
    if (this.#form === "epoch") return this.#finishEpoch(raw, rowNumber, epochOrder);
    const order = this.#form === "parts" ? this.#dateOrder(raw, rowNumber) : undefined;
    if (order !== undefined) this.#unpack(raw, order.order, rowNumber);
    const description = order?.description ?? "ISO-8601";
    return this.#toUtc(raw, description);
  }

  #push(value: number): void {
    if (this.#length === this.#raw.length) this.#grow(this.#length + 1);
    if (this.#offsets !== undefined && this.#offsets.length === this.#length) this.#offsets.push(0);
    this.#raw[this.#length++] = value;
  }

  #grow(length: number): void {
    const wider = newColumn(Math.max(length, this.#rowsExpected, Math.ceil(this.#raw.length * 1.5)));
    wider.set(this.#raw);
    this.#raw = wider;
  }

  #pushIso(): void {
    const { wallMs, offsetMinutes } = this.#iso;
    if (Number.isNaN(offsetMinutes)) this.#hasWall = true;
    else {
      this.#hasOffset = true;
      if (offsetMinutes !== 0 && this.#offsets === undefined)
        this.#offsets = Array.from({ length: this.#length }, () => 0);
      this.#offsets?.push(offsetMinutes);
    }
    this.#push(wallMs);
  }

  #pushOther(text: string, row: number): void {
    if (this.#form === undefined && /^-?\d+(\.\d+)?(e\+?\d+)?$/i.test(text)) {
      this.#form = "epoch";
      return this.#push(this.#number(text, row));
    }
    const parts = this.#form === "iso" ? undefined : readDateParts(text);
    if (parts === undefined) this.#refuse(text, row);
    this.#form = "parts";
    this.#yearFirst ??= parts.yearFirst;
    if (this.#yearFirst !== parts.yearFirst) this.#refuse(text, row);
    this.#firstMax = Math.max(this.#firstMax, parts.first);
    this.#secondMax = Math.max(this.#secondMax, parts.second);
    this.#hasWall = true;
    this.#push(packDate(parts));
  }

  #number(text: string, row: number): number {
    if (!/^-?\d+(\.\d+)?(e\+?\d+)?$/i.test(text)) this.#refuse(text, row);
    return Number(text);
  }

  #refuse(found: string, row: number): never {
    const expected =
      this.#form === undefined
        ? "a time (ISO-8601, a date such as 12/31/2020, or epoch numbers)"
        : `a time written like the rows before (${this.#options.timeFormat ?? formWords[this.#form]})`;
    throw cellError(
      { source: this.#source, row, column: this.#column },
      found,
      expected,
      "correct the cell, or say timeFormat when the column is written in another form",
    );
  }

  #dateOrder(
    raw: Float64Array,
    rowNumber: (index: number) => number,
  ): { readonly order: "month-first" | "day-first"; readonly description: string } {
    const asked = this.#options.timeFormat;
    if (asked === "DD/MM/YYYY") return { order: "day-first", description: asked };
    if (asked === "MM/DD/YYYY" || asked === "YYYY/MM/DD") return { order: "month-first", description: asked };
    if (this.#yearFirst === true) return { order: "month-first", description: "YYYY/MM/DD" };
    if (this.#firstMax > 12 && this.#secondMax <= 12) return { order: "day-first", description: "DD/MM/YYYY" };
    if (this.#secondMax > 12 && this.#firstMax <= 12) return { order: "month-first", description: "MM/DD/YYYY" };
    const row = raw.findIndex((value) => !Number.isNaN(value));
    const date = Math.floor(raw[row]! / dayMs);
    const example = `${Math.floor(date / 100) % 100}/${date % 100}/${Math.floor(date / 10_000)}`;
    const why =
      this.#firstMax > 12
        ? "some rows have the day first and others the month first"
        : "no row has a day above 12, so day and month cannot be told apart";
    throw cellError(
      { source: this.#source, row: rowNumber(row), column: this.#column },
      example,
      `dates whose order the file proves (${why})`,
      'say timeFormat: "MM/DD/YYYY" or timeFormat: "DD/MM/YYYY"',
      "DATA_TIME_UNIT",
    );
  }

  #unpack(raw: Float64Array, order: "month-first" | "day-first", rowNumber: (index: number) => number): void {
    for (let index = 0; index < raw.length; index++) {
      const packed = raw[index]!;
      const wallMs = unpackDate(packed, order);
      if (Number.isNaN(wallMs) && !Number.isNaN(packed)) {
        const date = Math.floor(packed / dayMs);
        const [first, second, year] = [Math.floor(date / 100) % 100, date % 100, Math.floor(date / 10_000)];
        const isYearFirst = this.#yearFirst === true;
        const found = isYearFirst ? `${year}/${first}/${second}` : `${first}/${second}/${year}`;
        const words = isYearFirst ? "year/month/day" : order === "month-first" ? "month/day/year" : "day/month/year";
        const expected = `a day that exists, written ${words}`;
        throw cellError(
          { source: this.#source, row: rowNumber(index), column: this.#column },
          found,
          expected,
          "correct the cell, or say timeFormat when the column is written in another form",
        );
      }
      raw[index] = wallMs;
    }
  }

  #finishEpoch(
    raw: Float64Array,
    rowNumber: (index: number) => number,
    order: EpochOrder,
  ): { readonly time: Float64Array; readonly reading: TimeReading } {
    const asked = this.#options.timeFormat;
    const base = { column: this.#column, nonexistentLocal: [] };
    if (asked === "YYYYMMDD" || (asked === undefined && raw.every(isCompactDay))) {
      for (let index = 0; index < raw.length; index++) {
        const day = raw[index]!;
        raw[index] = compactDay(day);
        if (Number.isNaN(raw[index]!) && !Number.isNaN(day)) this.#refuse(String(day), rowNumber(index));
      }
      return { time: raw, reading: { ...base, description: "YYYYMMDD", isDays: true } };
    }
    order.extend(raw, raw.length);
    const named = unitByOption(asked) ?? unitByName(this.#column);
    const guess = named === undefined ? guessEpochUnit(raw, order.holds) : { unit: named };
    const { unit } = guess;
    toMilliseconds(raw, unit, order.holds);
    const description = `epoch ${unit}${named === undefined ? ", by size" : ""}`;
    const ambiguous = guess.doubt === undefined ? {} : { ambiguousUnit: guess.doubt };
    return { time: raw, reading: { ...base, description, isDays: isMidnights(raw), ...ambiguous } };
  }

  #toUtc(wall: Float64Array, form: string): { readonly time: Float64Array; readonly reading: TimeReading } {
    if (this.#hasWall && this.#hasOffset) {
      throw new QmtlError("DATA_FORMAT", `column "${this.#column}" has times with and without an offset from UTC`, {
        details: { file: this.#source, column: this.#column },
        hint: "write every time with an offset, or none and say timeZone",
      });
    }
    const base = { column: this.#column, nonexistentLocal: [] as { index: number; text: string }[] };
    // Midnight at its own place everywhere: these are days, and a day keeps its date.
    if (isMidnights(wall)) return { time: wall, reading: { ...base, description: `${form}, days`, isDays: true } };
    if (this.#hasOffset) {
      const offsets = this.#offsets;
      if (offsets !== undefined) for (let i = 0; i < wall.length; i++) wall[i] = wall[i]! - offsets[i]! * 60_000;
      return { time: wall, reading: { ...base, description: `${form} with offset`, isDays: false } };
    }
    const zoneName = this.#options.timeZone ?? "UTC";
    const zone = new TimeZone(zoneName);
    let previous = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < wall.length && zoneName !== "UTC"; index++) {
      const wallMs = wall[index]!;
      if (Number.isNaN(wallMs)) continue;
      const { utcMs, kind } = zone.toUtc(wallMs, previous);
      if (kind === "skipped") base.nonexistentLocal.push({ index, text: new Date(wallMs).toISOString().slice(0, 19) });
      wall[index] = utcMs;
      previous = utcMs;
    }
    return { time: wall, reading: { ...base, description: `${form}, ${zoneName}`, isDays: false } };
  }
}

const formWords: Readonly<Record<Form, string>> = {
  epoch: "epoch numbers",
  iso: "ISO-8601",
  parts: "day, month and year numbers",
};

function formOf(format: TimeFormat | undefined): Form | undefined {
  if (format === undefined) return undefined;
  if (format === "iso") return "iso";
  return format.startsWith("epoch") || format === "YYYYMMDD" ? "epoch" : "parts";
}

function unitByOption(format: TimeFormat | undefined): EpochUnit | undefined {
  return format?.startsWith("epoch-") === true ? (format.slice(6) as EpochUnit) : undefined;
}

// A column that names its unit is no guess: openTimeInMillis, time_ms, timestamp_ns.
function unitByName(column: string): EpochUnit | undefined {
  const match =
    /[a-z](Ms|Us|Ns)$/.exec(column) ?? /(?:^|[_\s-])(ms|us|ns)$|(millis|micros|nanos|seconds)$/i.exec(column);
  const word = (match?.[1] ?? match?.[2])?.toLowerCase();
  if (word === undefined) return undefined;
  const units: Readonly<Record<string, EpochUnit>> = { millis: "ms", micros: "us", nanos: "ns", seconds: "s" };
  return units[word] ?? (word as EpochUnit);
}

// Nanoseconds of a whole millisecond are not always a double: 128 ns off must not cut a millisecond away.
function toMilliseconds(values: Float64Array, unit: EpochUnit, inOrder: boolean): void {
  if (unit === "ms" && inOrder) return; // all are whole
  const scale = msPerUnit[unit];
  const slack = unit === "s" ? 0.5 : unit === "ms" ? 0 : 0.001;
  for (let index = 0; index < values.length; index++) values[index] = Math.floor(values[index]! * scale + slack);
}

function isMidnights(times: Float64Array): boolean {
  let seen = false;
  for (const time of times) {
    if (Number.isNaN(time)) continue;
    if (time % dayMs !== 0) return false;
    seen = true;
  }
  return seen;
}

function isCompactDay(value: number): boolean {
  return Number.isNaN(value) || (value >= 19_000_101 && value <= 21_001_231 && !Number.isNaN(compactDay(value)));
}

function compactDay(value: number): number {
  return daysFromCivil(Math.floor(value / 10_000), Math.floor(value / 100) % 100, value % 100) * dayMs;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

/**
 * Rows of numbers, one after another in one typed array that grows fourfold as it fills: rows that are never written
 * take no memory from the system, rows that are moved take it twice. Orders, fills and trades live in
 * such tables: appending costs no allocation, dropping the newest rows is a change of `length`, and a snapshot is one
 * array. Objects are made only when somebody reads.
 */
export class RecordTable {
  readonly stride: number;
  data: Float64Array;
  length = 0;
  // Rows below this have been written before: after a rollback they are cleared before they are used again.
  #dirty = 0;

  constructor(stride: number) {
    this.stride = stride;
    this.data = new Float64Array(0);
  }

  /** Appends a row of zeros and returns its offset in `data`. */
  append(): number {
    const offset = this.length * this.stride;
    if (offset + this.stride > this.data.length) {
      const grown = new Float64Array(Math.max(this.stride * 256, this.data.length * 4));
      grown.set(this.data);
      this.data = grown;
    } else if (this.length < this.#dirty) this.data.fill(0, offset, offset + this.stride);
    this.length++;
    if (this.length > this.#dirty) this.#dirty = this.length;
    return offset;
  }

  save(): (number | string)[] {
    return Array.from(this.data.subarray(0, this.length * this.stride), numberToJson);
  }

  load(saved: readonly unknown[]): void {
    this.data = Float64Array.from(saved, jsonToNumber);
    this.length = this.data.length / this.stride;
    this.#dirty = this.length;
  }
}

/** JSON has no NaN, Infinity or -0; as text they survive. */
export function numberToJson(value: number): number | string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : value;
  return String(value);
}

export function jsonToNumber(value: unknown): number {
  return Number(value);
}

/** Texts by number, so that rows of numbers can carry them; 0 is "no text". */
export class TextTable {
  readonly #texts: string[] = [""];
  readonly #ids = new Map<string, number>();

  id(text: string | undefined | null): number {
    if (text === undefined || text === null) return 0;
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.#texts.length);
    this.#texts.push(text);
    return this.#texts.length - 1;
  }

  text(id: number): string | null {
    return id === 0 ? null : this.#texts[id]!;
  }

  save(): string[] {
    return this.#texts.slice(1);
  }

  load(texts: readonly string[]): void {
    this.#texts.length = 1;
    this.#ids.clear();
    for (const text of texts) this.id(text);
  }
}

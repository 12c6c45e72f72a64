import type { JsonValue } from "@qmtl/core";
import type { ColumnPool } from "../columns/index.ts";

/**
 * Where a node's outputs stand: one numeric column per field, and one column of JSON values for outputs that
 * are no numbers. In a batch the columns span the grid; in a stream they are mirrored rings, in which the last
 * `capacity` rows before any position are contiguous. Fields of an author's function appear with its first
 * output, so readers look them up by name.
 */
export class OutputColumns {
  readonly numeric = new Map<string, Float64Array>();
  payload: (JsonValue | undefined)[] | null = null;
  readonly size: number;
  readonly #list: Float64Array[] = []; // the columns again, because a Map is slow to walk for every row

  /** @param pool - where the fields stand; they are not released */
  constructor(size: number, fields: readonly string[] = [], pool?: ColumnPool) {
    this.size = size;
    for (const field of fields) this.#add(field, pool?.take(size) ?? new Float64Array(size));
  }

  addField(field: string): Float64Array {
    return this.#add(field, new Float64Array(this.size));
  }

  addPayload(): (JsonValue | undefined)[] {
    return (this.payload ??= Array.from<JsonValue | undefined>({ length: this.size }));
  }

  #add(field: string, column: Float64Array): Float64Array {
    this.setField(field, column.fill(Number.NaN));
    return column;
  }

  /** Takes a column that exists already, without copying. */
  setField(field: string, column: Float64Array): void {
    this.numeric.set(field, column);
    this.#list.push(column);
  }

  /** True when any field, or the payload, has a value at `row`. */
  delivered(row: number): boolean {
    for (let index = 0; index < this.#list.length; index++) {
      const value = this.#list[index]![row]!;
      if (value === value) return true;
    }
    return this.payload !== null && this.payload[row] !== undefined;
  }

  /** The field a scalar reader means: "value", "close" of bars, or the only one. */
  primaryField(): string | undefined {
    if (this.numeric.has("value")) return "value";
    if (this.numeric.has("close")) return "close";
    return this.numeric.size === 1 ? this.numeric.keys().next().value : undefined;
  }
}

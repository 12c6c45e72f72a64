import { assert } from "@qmtl/core";
import { columnMemory } from "./column-memory.ts";

/**
 * Columns of numbers that are given back instead of left to the garbage collector.
 *
 * Fresh memory costs more than the arithmetic of most operators: the system hands it out page by page and clears each.
 * Columns of a pool are used again, and operators compute on them with vector instructions where they stand. A pool owns what
 * it has handed out; a column that has been released must not be touched.
 */
export class ColumnPool {
  readonly #taken = new Set<Float64Array>();

  /** A column of `rows` numbers, whatever they may be. */
  take(rows: number): Float64Array {
    const column = columnMemory()?.take(rows) ?? new Float64Array(rows);
    this.#taken.add(column);
    return column;
  }

  /** A copy of a column. */
  copyOf(column: ArrayLike<number>): Float64Array {
    const copy = this.take(column.length);
    copy.set(column);
    return copy;
  }

  /** Gives one column back. It must be the array that was handed out, not a part of it. */
  release(column: Float64Array): void {
    assert(this.#taken.delete(column), "a column is released once, to the pool it came from");
    if (columnMemory()?.holds(column)) columnMemory()!.release(column);
  }

  /** Gives back every column that is still out. */
  releaseAll(): void {
    for (const column of this.#taken) this.release(column);
  }
}

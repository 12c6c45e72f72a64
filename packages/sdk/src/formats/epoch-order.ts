const blockRows = 4_096;

/**
 * Whether epoch times are in order: whole and positive, and none before the one before it. Nearly all files are, and what
 * is known of them then needs no second look. Rows can be looked at as they come, while the cache still has them.
 */
export class EpochOrder {
  #rows = 0;
  #holds = true;

  /** Of the rows looked at so far. */
  get holds(): boolean {
    return this.#holds;
  }

  /** Looks at the rows of a column that it has not seen yet, up to its first `rows`. */
  extend(times: Float64Array, rows: number): void {
    // In blocks: of a function called often the compiled code outlives a garbage collection, of a long loop it does not.
    for (let from = this.#rows; from < rows && this.#holds; from += blockRows) {
      this.#holds = isInOrder(times, from, Math.min(rows, from + blockRows));
    }
    this.#rows = rows;
  }
}

// Reads both of a pair: a number that one round hands to the next is an object until the loop is compiled.
function isInOrder(times: Float64Array, from: number, to: number): boolean {
  if (from === 0 && !(times[0]! > 0)) return false;
  for (let row = from; row < to; row++) {
    const time = times[row]!;
    if (row > 0 && !(time >= times[row - 1]!)) return false;
    if (time + 2 ** 52 - 2 ** 52 !== time) return false;
  }
  return true;
}

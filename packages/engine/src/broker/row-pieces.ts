const rowsPerPiece = 512;

/**
 * Rows of numbers that stand in pieces: nothing is copied as they become many, and pieces of this size the next run has
 * again.
 */
export class RowPieces {
  /** The piece that was appended to last. */
  data: Float64Array = new Float64Array(0);
  readonly #stride: number;
  readonly #pieces: Float64Array[] = [];
  #length = 0;

  constructor(stride: number) {
    this.#stride = stride;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a row, every number of which the caller writes; returns its offset in `data`. */
  append(): number {
    const row = this.#length++ % rowsPerPiece;
    if (row === 0) {
      const piece = (this.#length - 1) / rowsPerPiece;
      this.data = this.#pieces[piece] ??= new Float64Array(this.#stride * rowsPerPiece);
    }
    return row * this.#stride;
  }

  /** Adds rows that are written. */
  appendRows(rows: Float64Array): void {
    for (let from = 0; from < rows.length;) {
      const at = this.append();
      const to = Math.min(rows.length, from + this.data.length - at);
      this.data.set(rows.subarray(from, to), at);
      this.#length += (to - from) / this.#stride - 1;
      from = to;
    }
  }

  dropLast(): void {
    this.#length--;
    if (this.#length > 0) this.data = this.pieceOf(this.#length - 1);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Where row `index` stands: in which piece, and from where on. */
  pieceOf(index: number): Float64Array {
    return this.#pieces[Math.floor(index / rowsPerPiece)]!;
  }

  offsetOf(index: number): number {
    return (index % rowsPerPiece) * this.#stride;
  }
}

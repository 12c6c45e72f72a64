/**
 * A curve that stays where it is for many rows: cash and positions move with fills only. Kept as its changes, because
 * writing a million equal numbers costs more than the run that made them; spread out when somebody looks. The changes
 * stand in pieces, each with its row before its value: nothing is copied as they become many.
 */
export class StepCurve {
  readonly #pieces: Float64Array[] = [];
  #newest = new Float64Array(0);
  #count = 0;
  #column: Float64Array | undefined;

  /** The value from `row` on. Rows come in order. */
  set(row: number, value: number): void {
    const place = this.#count % changesPerPiece;
    if (this.#count > 0 && Object.is(value, this.#newest[2 * (place === 0 ? changesPerPiece : place) - 1])) return;
    if (place === 0) this.#pieces.push((this.#newest = new Float64Array(2 * changesPerPiece)));
    this.#newest[2 * place] = row;
    this.#newest[2 * place + 1] = value;
    this.#count++;
  }

  /** Values that are written, each after the row from which on it holds. */
  append(steps: Float64Array): void {
    for (let from = 0; from < steps.length;) {
      const at = 2 * (this.#count % changesPerPiece);
      if (at === 0) this.#pieces.push((this.#newest = new Float64Array(2 * changesPerPiece)));
      const to = Math.min(steps.length, from + 2 * changesPerPiece - at);
      this.#newest.set(steps.subarray(from, to), at);
      this.#count += (to - from) / 2;
      from = to;
    }
  }

  column(length: number): Float64Array {
    if (this.#column?.length === length) return this.#column;
    const column = new Float64Array(length);
    for (let change = 0; change < this.#count; change++) {
      const end = change + 1 < this.#count ? this.#at(2 * change + 2) : length;
      column.fill(this.#at(2 * change + 1), this.#at(2 * change), end);
    }
    return (this.#column = column);
  }

  #at(index: number): number {
    const size = 2 * changesPerPiece;
    return this.#pieces[Math.floor(index / size)]![index % size]!;
  }
}

const changesPerPiece = 512;

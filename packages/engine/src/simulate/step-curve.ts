/**
 * A curve that stays where it is for many rows: cash and positions move with fills only. Kept as its changes, because
 * writing a million equal numbers costs more than the run that made them; spread out when somebody looks.
 */
export class StepCurve {
  #rows = new Float64Array(4);
  #values = new Float64Array(4);
  #count = 0;
  #column: Float64Array | undefined;

  /** The value from `row` on. Rows come in order. */
  set(row: number, value: number): void {
    if (this.#count > 0 && Object.is(value, this.#values[this.#count - 1])) return;
    if (this.#count === this.#rows.length) this.#grow();
    this.#rows[this.#count] = row;
    this.#values[this.#count++] = value;
  }

  column(length: number): Float64Array {
    if (this.#column?.length === length) return this.#column;
    const column = new Float64Array(length);
    for (let change = 0; change < this.#count; change++) {
      const end = change + 1 < this.#count ? this.#rows[change + 1]! : length;
      column.fill(this.#values[change]!, this.#rows[change]!, end);
    }
    return (this.#column = column);
  }

  #grow(): void {
    const [rows, values] = [new Float64Array(this.#count * 4), new Float64Array(this.#count * 4)];
    rows.set(this.#rows);
    values.set(this.#values);
    this.#rows = rows;
    this.#values = values;
  }
}

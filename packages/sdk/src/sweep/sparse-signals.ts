/**
 * Rows on which an operator has a value, for operators that are absent on most: the same rows and values as its kernel,
 * without a pass over a column that is nearly empty. A test holds each to its kernel.
 *
 * @param rows - takes the rows, in order
 * @param values - takes the value at each of them
 * @returns how many there are
 */
export type SparseSignal = (
  inputs: readonly Float64Array[],
  length: number,
  rows: Int32Array,
  values: Float64Array,
) => number;

export const sparseSignals: ReadonlyMap<string, SparseSignal> = new Map([["crossover", crossoverRows]]);

// While one line is on a side there is one comparison a row: does it stay there?
function crossoverRows(
  inputs: readonly Float64Array[],
  length: number,
  rows: Int32Array,
  values: Float64Array,
): number {
  const a = inputs[0]!;
  const b = inputs[1]!;
  let count = 0;
  let row = 0;
  while (row < length && !(a[row]! > b[row]! || a[row]! < b[row]!)) row++;
  if (row === length) return 0;
  let isAbove = a[row]! > b[row]!;
  for (;;) {
    // Equal or absent is no change of side.
    if (isAbove) while (++row < length && !(a[row]! < b[row]!));
    else while (++row < length && !(a[row]! > b[row]!));
    if (row >= length) return count;
    isAbove = !isAbove;
    rows[count] = row;
    values[count++] = isAbove ? 1 : -1;
  }
}

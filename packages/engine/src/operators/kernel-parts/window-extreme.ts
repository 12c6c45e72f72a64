import { vectorUnit, vectorUnitFor, type VectorUnit } from "../vector/index.ts";
import { ROWS_PER_STEP } from "./scratch.ts";

/** Rows of a column, and where the extremes of the windows that end with them go. */
export interface ExtremeRange {
  readonly input: Float64Array;
  readonly output: Float64Array;
  readonly from: number;
  /** At most `ROWS_PER_STEP` rows after `from`, and at least four times the window. */
  readonly to: number;
  /** Index of the first result in the output. */
  readonly target: number;
}

/**
 * Writes the largest value of the window that ends with each row of a range.
 *
 * Maxima of four rows, then of four of those, and so on, until a few overlapping ones make the whole. That is a handful of
 * comparisons whatever the data, but only worth it where a comparison is an instruction and not a branch, which is what
 * vector code offers.
 *
 * @param before - the rows before, as many as a window has less one, oldest at `oldest`, after the last the first; any of
 * them may be the maximum from itself to a later one of them
 * @returns rows taken, from the first on; 0 where a row is absent or infinite (or there is no vector code), and the caller
 * goes row by row
 */
export function windowMaxima(before: Float64Array, oldest: number, range: ExtremeRange): number {
  const unit = vectorUnit();
  return unit ? windows(unit, unit.maximaOfFour, unit.maximaOfMany, before, oldest, range) : 0;
}

/** The mirror image of `windowMaxima`. */
export function windowMinima(before: Float64Array, oldest: number, range: ExtremeRange): number {
  const unit = vectorUnit();
  return unit ? windows(unit, unit.minimaOfFour, unit.minimaOfMany, before, oldest, range) : 0;
}

/** Stretches of the working memory: rows of the column, and what becomes of them in turns. */
const stretch = 1.5 * ROWS_PER_STEP;
const [ROWS, EVEN, ODD] = [0, stretch, 2 * stretch] as const;
/** Rows that vector code takes in one round. */
const ROUND = 8;

function windows(
  { work }: VectorUnit,
  ofFour: VectorUnit["maximaOfFour"],
  ofMany: VectorUnit["maximaOfMany"],
  before: Float64Array,
  oldest: number,
  { input, output, from, to, target }: ExtremeRange,
): number {
  const older = before.length;
  const period = older + 1;
  const isInPlace = period >= 4 && vectorUnitFor(to - from, input, output) !== undefined;
  const rows = isInPlace ? Math.floor((to - from) / ROUND) * ROUND : to - from;
  const copied = isInPlace ? 2 * ROUND : rows;

  for (let age = 0; age < older; age++) work[ROWS + age] = before[(oldest + age) % older]!;
  if (isInPlace) for (let row = 0; row < copied; row++) work[ROWS + older + row] = input[from + row]!;
  else work.set(input.subarray(from, to), ROWS + older);
  work.fill(0, ROWS + older + copied, ROWS + older + copied + ROUND);

  const head = older + (isInPlace ? ROUND : rows); // rows of which the fours are found in the copy
  // The first three rows are seen only as those before others.
  let check = 0 * work[ROWS]! + 0 * work[ROWS + 1]! + 0 * work[ROWS + 2]!;
  check += ofFour(8 * (ROWS + 3), 8 * (EVEN + 3), 8 * (head - 3));
  if (isInPlace) {
    check += ofFour(input.byteOffset + 8 * (from + ROUND), 8 * (EVEN + head), 8 * (rows - ROUND));
  }
  if (Number.isNaN(check)) return 0;

  let covered = period < 4 ? 1 : 4;
  let [found, free] = period < 4 ? [ROWS, EVEN] : [EVEN, ODD];
  for (; covered * 16 < period; covered *= 4) {
    const first = 4 * covered - 1;
    ofMany(8 * (found + first), 8 * (free + first), 8 * (older + rows - first), 8 * covered, 24 * covered);
    [found, free] = [free, found];
  }
  const result = isInPlace ? output.byteOffset + 8 * target : 8 * free;
  ofMany(8 * (found + older), result, 8 * rows, 8 * covered, 8 * (period - covered));
  if (!isInPlace) output.set(work.subarray(free, free + rows), target);
  return rows;
}

import { vectorUnit, vectorUnitFor, widthFor, type VectorFunction } from "../vector/index.ts";
import { ROWS_PER_STEP } from "./scratch.ts";

/** Rows of a column, and where the extremes of the windows that end with them go. */
export interface ExtremeRange {
  readonly input: Float64Array;
  readonly output: Float64Array;
  readonly from: number;
  readonly to: number;
  /** Index of the first result in the output. */
  readonly target: number;
}

/**
 * Window extremes by vector code: extremes of four rows, then of four of those, and so on, until a few overlapping ones make
 * the whole. That is a handful of comparisons whatever the data, but only worth it where a comparison is an instruction and
 * not a branch. An absent or infinite row ends it, and the caller goes row by row.
 */
export interface WindowExtremes {
  /**
   * Takes the rows of a range, at most `ROWS_PER_STEP`.
   *
   * @param before - the rows before, as many as a window has less one, oldest at `oldest`, after the last the first; any of
   * them may be the extreme from itself to a later one of them
   * @returns whether it did; false where a row is absent or infinite (or there is no vector code)
   */
  copied(before: Float64Array, oldest: number, range: ExtremeRange): boolean;
  /**
   * Takes rows where they stand.
   *
   * @param period - from 4 to `LONGEST_IN_PLACE`; so many rows and ten more stand before the range
   * @returns rows taken: whole eights, up to a block with an absent row; 0 where the columns stand elsewhere
   */
  inPlace(period: number, range: ExtremeRange): number;
}

export const windowMaxima: WindowExtremes = windowExtremes("maxima");
export const windowMinima: WindowExtremes = windowExtremes("minima");

/** What longer ones are made up of is too much to be compared at each row. */
export const LONGEST_IN_PLACE = 64;
/** Longer ones leave no room for their rows. */
export const LONGEST_WINDOW = ROWS_PER_STEP / 4;

/** Rows that vector code takes in one round. */
const ROUND = 8;
/** Stretches of the working memory: rows of the column, and what becomes of them in turns. */
const stretch = ROWS_PER_STEP + LONGEST_WINDOW + 2 * ROUND;
const [ROWS, EVEN, ODD] = [ROUND, ROUND + stretch, ROUND + 2 * stretch] as const;

function windowExtremes(kind: "maxima" | "minima"): WindowExtremes {
  return {
    copied(before, oldest, { input, output, from, to, target }) {
      const unit = vectorUnit();
      if (!unit) return false;
      const { work } = unit;
      const older = before.length;
      const rows = to - from;
      for (let age = 0; age < older; age++) work[ROWS + age] = before[(oldest + age) % older]!;
      work.set(input.subarray(from, to), ROWS + older);
      work.fill(0, ROWS + older + rows, ROWS + older + rows + ROUND);
      // The first three rows are seen only as those before others.
      if (!Number.isFinite(work[ROWS]! + work[ROWS + 1]! + work[ROWS + 2]!)) return false;
      if (Number.isNaN(unit.get(`${kind}OfFour`)(8 * (ROWS + 3), 8 * (EVEN + 3), 8 * (older + rows - 3)))) return false;
      const isShort = older < 3;
      const result = combine(unit.get(`${kind}OfMany`), isShort ? ROWS : EVEN, isShort ? 1 : 4, older, rows);
      output.set(work.subarray(result, result + rows), target);
      return true;
    },

    inPlace(period, { input, output, from, to, target }) {
      const unit = vectorUnitFor(to - from, input, output);
      if (!unit) return 0;
      const [start, result] = [input.byteOffset + 8 * from, output.byteOffset + 8 * target];
      // From the first row of the oldest window on, or some more before it to make whole rounds.
      const ahead = Math.ceil((period - 1) / ROUND) * ROUND;
      const bytes = 8 * ROUND * Math.floor((to - from) / ROUND);
      const width = widthFor(period);
      return unit.get(`${kind}OfWindows${width}`)(start, result, bytes, 8 * (period - width), 8 * ahead) / 8;
    },
  };
}

/**
 * Extremes of whole windows from those of their first few rows, of which `older` stand before the first window's end.
 *
 * @returns where they are in the working memory
 */
function combine(ofMany: VectorFunction, found: number, covered: number, older: number, rows: number): number {
  const period = older + 1;
  let free = found === EVEN ? ODD : EVEN;
  for (; covered * 16 < period; covered *= 4) {
    const first = 4 * covered - 1;
    ofMany(8 * (found + first), 8 * (free + first), 8 * (older + rows - first), 8 * covered, 24 * covered);
    [found, free] = [free, found];
  }
  ofMany(8 * (found + older), 8 * free, 8 * rows, 8 * covered, 8 * (period - covered));
  return free;
}

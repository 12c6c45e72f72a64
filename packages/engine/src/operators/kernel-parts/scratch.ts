/** Most rows a kernel is handed in one step. */
export const ROWS_PER_STEP = 2_048;

/**
 * Columns for what a kernel computes on the way within one step, from index 0. One set for all kernels: a step is
 * synchronous and none starts another, and what they hold after it means nothing.
 */
export const scratch = {
  a: new Float64Array(ROWS_PER_STEP),
  b: new Float64Array(ROWS_PER_STEP),
  c: new Float64Array(ROWS_PER_STEP),
} as const;

/**
 * Rows of a step that vector code takes: it has no loop to compile anew, and what leads to it is the slower part. Only for
 * steps that need no scratch columns.
 */
export const VECTOR_ROWS = 65_536;

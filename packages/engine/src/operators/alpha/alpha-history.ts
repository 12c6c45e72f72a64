/**
 * The last `window` values that are there, oldest first, for compute functions that want a list of past alphas. It is
 * a function of the column alone: it starts with the first value instead of waiting for a full window, and no run can
 * see another's values.
 *
 * @param column - the node's alphas so far, oldest first; NaN is absent
 * @param window - rows looked at, the absent ones included, >= 1
 * @param select - applied to each value, e.g. to scale it
 */
export function alphaHistory(
  column: ArrayLike<number>,
  window: number,
  select: (alpha: number) => number = (alpha) => alpha,
): number[] {
  const history: number[] = [];
  for (let i = Math.max(0, column.length - window); i < column.length; i++) {
    const alpha = column[i]!;
    if (!Number.isNaN(alpha)) history.push(select(alpha));
  }
  return history;
}

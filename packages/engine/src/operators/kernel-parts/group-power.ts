/**
 * `rest` to the power of `place + 1`, for the row at a place of a group of four, by the multiplications that a whole
 * group makes: row by row must give the same bits.
 */
export function groupPower(rest: number, place: number): number {
  let power = rest;
  for (let factor = 0; factor < place; factor++) power *= rest;
  return power;
}

/** Two sides that disagree are not compared: the bench ends here, with exit code 1. */
class NotEqual extends Error {
  override readonly name = "NotEqual";
}

/** @throws NotEqual unless both are the same value */
export function requireSame(what: string, ours: unknown, theirs: unknown): void {
  if (!Object.is(ours, theirs)) throw new NotEqual(`${what}: ${String(ours)} here, ${String(theirs)} there`);
}

/** @throws NotEqual unless both agree to `tolerance`, relative to the larger */
export function requireNear(what: string, ours: number, theirs: number, tolerance = 1e-9): void {
  const scale = Math.max(Math.abs(ours), Math.abs(theirs));
  if (Object.is(ours, theirs) || Math.abs(ours - theirs) <= tolerance * scale) return;
  throw new NotEqual(`${what}: ${ours} here, ${theirs} there, more than ${tolerance} apart`);
}

/**
 * Compares two columns where both have a value; they must have one from the same row on.
 *
 * @param scale - what the tolerance is relative to; default: the larger of the two values
 * @throws NotEqual naming the first row that differs
 */
export function requireNearColumns(
  what: string,
  ours: Float64Array,
  theirs: Float64Array,
  options: { readonly tolerance?: number; readonly from?: number; readonly scale?: number } = {},
): void {
  const { tolerance = 1e-9, from = 0, scale } = options;
  requireSame(`${what}, rows`, ours.length, theirs.length);
  for (let row = from; row < ours.length; row++) {
    const [a, b] = [ours[row]!, theirs[row]!];
    if (a !== a && b !== b) continue;
    const bound = tolerance * (scale ?? Math.max(Math.abs(a), Math.abs(b)));
    if (!(Math.abs(a - b) <= bound)) throw new NotEqual(`${what}, row ${row}: ${a} here, ${b} there`);
  }
}

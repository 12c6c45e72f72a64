/**
 * The value itself when it is finite, absent otherwise: what a division by zero or an infinite row comes to.
 *
 * Arithmetic instead of a branch: on sane data the branch would never be taken, and a loop with an arm that the
 * compiler has no experience of runs at half the speed.
 */
export function finite(value: number): number {
  return value + (value - value);
}

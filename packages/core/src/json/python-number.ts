/**
 * A finite double as Python's `repr` prints it: shortest digits that read back to the same value, always with a
 * point or an exponent (`1.0`), exponents of at least two digits outside `[1e-4, 1e16)` (`1e+16`, `1e-07`), and
 * `-0.0` kept.
 */
export function pythonFloat(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  if (magnitude >= 1e-4 && magnitude < 1e16) {
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

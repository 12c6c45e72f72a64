import { QmtlError } from "../errors/index.ts";

/**
 * A number that is a float whatever its value: `float(1)` is written `1.0`, a plain `1` is written `1`.
 *
 * The two name different nodes (the identity's text form keeps the distinction), and a JavaScript number
 * cannot carry it, so the reader of wire JSON wraps every number that was written with a point or an exponent.
 */
export class Float {
  readonly value: number;

  constructor(value: number) {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new QmtlError("VALUE_NOT_HASHABLE", `a float must be a finite number; found ${String(value)}`);
    }
    this.value = value;
  }

  valueOf(): number {
    return this.value;
  }
}

/** Shorthand for parameters: `params: { alpha: float(1) }`. */
export function float(value: number): Float {
  return new Float(value);
}

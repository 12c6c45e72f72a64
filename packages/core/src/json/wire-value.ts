import type { JsonValue } from "../brand/index.ts";
import { QmtlError } from "../errors/index.ts";
import { Float } from "./float.ts";

/**
 * JSON as it stood in the text: an integer is a `number` (a `bigint` beyond 2^53 - 1), everything written with a
 * point or an exponent is a `Float`.
 */
export type WireValue = null | boolean | string | number | bigint | Float | readonly WireValue[] | WireObject;
export interface WireObject {
  readonly [key: string]: WireValue;
}

export function isWireObject(value: unknown): value is WireObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Float);
}

/**
 * The same value with every number a JavaScript number, for schema checks and arithmetic.
 *
 * @throws QmtlError `JSON_INVALID` for an integer that a JavaScript number cannot hold exactly
 */
export function plainJson(value: WireValue): JsonValue {
  if (typeof value === "bigint") {
    throw new QmtlError("JSON_INVALID", `an integer must lie within ±(2^53 - 1) here; found ${value}`, {
      hint: "send it as a decimal string",
    });
  }
  if (value instanceof Float) return value.value;
  if (Array.isArray(value)) return value.map(plainJson);
  if (!isWireObject(value)) return value as JsonValue;
  const plain: Record<string, JsonValue> = {};
  for (const key of Object.keys(value)) plain[key] = plainJson(value[key]!);
  return plain;
}

import { QmtlError, shown, type JsonValue } from "@qmtl/core";

/**
 * The author's parameters as a node keeps them: a frozen copy of plain data. What is hashed is then what the function
 * gets; nothing can hide from the hash in a getter, a symbol, a prototype or a later change.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE` naming the place
 */
export function ownParams<P extends JsonValue>(params: P | undefined): P | undefined {
  return params === undefined ? undefined : (copyOf(params, "params", 0) as P);
}

const depthMax = 64;

function copyOf(value: unknown, path: string, depth: number): JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number")
    return value;
  if (typeof value !== "object")
    return refuse(path, "null, true, false, a number, text, an array or a plain object", value);
  if (depth >= depthMax) return refuse(path, `at most ${depthMax} levels of nesting and no circle`, value);
  if (Array.isArray(value)) {
    if (Object.keys(value).length !== value.length)
      return refuse(path, "an array without holes or named properties", value);
    return Object.freeze(value.map((item, index) => copyOf(item, `${path}[${index}]`, depth + 1)));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    return refuse(path, "a plain object or an array", value);
  if (Object.getOwnPropertySymbols(value).length > 0) return refuse(path, "an object without symbols as keys", value);
  const copy: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__") return refuse(path, 'an object without the key "__proto__"', value);
    if (item !== undefined) copy[key] = copyOf(item, `${path}.${key}`, depth + 1);
  }
  return Object.freeze(copy);
}

function refuse(path: string, expected: string, found: unknown): never {
  throw new QmtlError("VALUE_NOT_HASHABLE", `${path} must be ${expected}; found ${shown(found)}`, {
    details: { path, expected, found: shown(found) },
    hint: found instanceof Date ? "write it as text: date.toISOString()" : "parameters are plain data",
  });
}

import { QmtlError, shown } from "@qmtl/core";
import type { Static, TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";

/** One place where a document is not as its schema says. */
export interface ShapeError {
  readonly path: readonly string[];
  /** "must be integer or null; found "x"" */
  readonly message: string;
}

/**
 * A check of values against a schema, compiled on first use. The check returns the value it was given, typed.
 *
 * @param what - what the values are, for messages: "the order"
 * @throws QmtlError `SCHEMA_INVALID`; `details.errors` lists up to 20 places, one entry each
 */
export function shapeCheck<Schema extends TSchema>(schema: Schema, what: string): (value: unknown) => Static<Schema> {
  let validator: Validator | undefined;
  return (value) => {
    validator ??= Compile(schema) as unknown as Validator;
    if (validator.Check(value)) return value as Static<Schema>;
    const errors = shapeErrors(validator, value);
    const [first] = errors;
    const place = first === undefined || first.path.length === 0 ? what : `${first.path.join(".")} of ${what}`;
    throw new QmtlError("SCHEMA_INVALID", `${place} ${first?.message ?? "has another shape"}`, {
      details: { code: "E_SCHEMA_INVALID", errors },
    });
  };
}

const errorCountMax = 20;

// A union reports every branch and then itself: for the reader that is one error, "must be integer or null".
function shapeErrors(validator: Validator, value: unknown): ShapeError[] {
  const wordsByPointer = new Map<string, Set<string>>();
  for (const error of validator.Errors(value)) {
    if (error.keyword === "anyOf" || error.keyword === "boolean") continue;
    const words = wordsByPointer.get(error.instancePath) ?? new Set();
    wordsByPointer.set(error.instancePath, words.add(expectation(error)));
  }
  return [...wordsByPointer].slice(0, errorCountMax).map(([pointer, words]) => {
    const path = pointer.split("/").slice(1).map(unescaped);
    const expected = [...words].join(" or ").replaceAll(" or must be ", " or ");
    return { path, message: `${expected}; found ${shown(valueAt(value, path))}` };
  });
}

function expectation(error: { keyword: string; message: string; params: object }): string {
  if (error.keyword === "enum" && "allowedValues" in error.params && Array.isArray(error.params.allowedValues)) {
    return `must be one of ${error.params.allowedValues.map(String).join(", ")}`;
  }
  if (error.keyword === "additionalProperties" && "additionalProperties" in error.params) {
    const names = [error.params.additionalProperties].flat().map((name) => `"${String(name)}"`);
    return `must not have ${names.slice(0, namesMax).join(", ")}${names.length > namesMax ? ", …" : ""}`;
  }
  return error.message;
}

const namesMax = 5;

function unescaped(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
}

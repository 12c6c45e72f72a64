import { nearestWord, QmtlError, shown } from "@qmtl/core";

/** Throws when a value is not what an option takes. */
export type Check = (value: unknown, key: string) => void;

/** @throws QmtlError `BROKER_OPTION_INVALID` */
export function fail(key: string, expected: string, found: unknown): never {
  throw new QmtlError("BROKER_OPTION_INVALID", `${key} must be ${expected}; found ${shown(found)}`, {
    details: { key, expected, found: shown(found) },
  });
}

/** @throws QmtlError `BROKER_OPTION_INVALID` */
export function failUnknown(key: string, known: readonly string[], what: string): never {
  const near = nearestWord(key, known);
  throw new QmtlError("BROKER_OPTION_INVALID", `${what} ${shown(key)} is unknown`, {
    details: { key, known },
    hint: near === undefined ? `known: ${known.join(", ")}` : `did you mean ${shown(near)}?`,
  });
}

export function oneOf(...words: readonly string[]): Check {
  return (value, key) => {
    if (typeof value === "string" && words.includes(value)) return;
    const near = typeof value === "string" ? nearestWord(value, words) : undefined;
    throw new QmtlError(
      "BROKER_OPTION_INVALID",
      `${key} must be one of ${words.map((word) => shown(word)).join(", ")}; found ${shown(value)}`,
      {
        details: { key, expected: words, found: shown(value) },
        ...(near === undefined ? {} : { hint: `did you mean ${shown(near)}?` }),
      },
    );
  };
}

export function number(accepts: (value: number) => boolean, expected: string): Check {
  return (value, key) => {
    if (typeof value !== "number" || !Number.isFinite(value) || !accepts(value)) fail(key, expected, value);
  };
}

export function record(value: unknown, key: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(key, "a record", value);
  return value as Readonly<Record<string, unknown>>;
}

export function list(value: unknown, key: string): readonly unknown[] {
  if (!Array.isArray(value)) fail(key, "a list", value);
  return value;
}

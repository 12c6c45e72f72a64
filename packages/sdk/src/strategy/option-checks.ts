import { nearestWord, QmtlError, shown, type JsonValue } from "@qmtl/core";

/** Refuses options that the node does not know: a misspelt limit that is ignored would be no limit. @throws QmtlError `PARAMETER_INVALID` */
export function refuseUnknownOptions(what: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (key === "name" || key === "tags" || known.includes(key)) continue;
    const guess = nearestWord(key, known);
    throw new QmtlError("PARAMETER_INVALID", `${what} has no option "${key}"; it has ${known.join(", ")}`, {
      ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
    });
  }
}

export interface NumberRange {
  readonly min?: number;
  readonly above?: number;
  readonly below?: number;
  readonly whole?: boolean;
}

/** An optional number within bounds. @throws QmtlError `PARAMETER_INVALID` */
export function optionalNumber(name: string, value: number | undefined, range: NumberRange): number | null {
  if (value === undefined) return null;
  const { min = -Infinity, above = -Infinity, below = Infinity, whole = false } = range;
  const fits = Number.isFinite(value) && value >= min && value > above && value < below;
  if (fits && (!whole || Number.isInteger(value))) return value;
  const bounds = [
    range.min !== undefined && `>= ${min}`,
    range.above !== undefined && `> ${above}`,
    range.below !== undefined && `< ${below}`,
  ].filter((bound) => bound !== false);
  throw new QmtlError(
    "PARAMETER_INVALID",
    `${name} must be a ${whole ? "whole " : ""}number ${bounds.join(" and ")}; found ${shown(value)}`.replace(
      " ;",
      ";",
    ),
  );
}

/** One of the words, or null when not given. @throws QmtlError `PARAMETER_INVALID` */
export function optionalWord<W extends string>(name: string, value: W | undefined, words: readonly W[]): W | null {
  if (value === undefined) return null;
  if (words.includes(value)) return value;
  const guess = nearestWord(String(value), words);
  throw new QmtlError("PARAMETER_INVALID", `${name} must be one of ${words.join(", ")}; found ${shown(value)}`, {
    ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
  });
}

/** What is not null, so that an option that is not given leaves no trace in the identity. */
export function givenParams(params: Readonly<Record<string, JsonValue>>): JsonValue {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null));
}

/** What a node does in a bucket that one of its inputs did not deliver. @throws QmtlError `PARAMETER_INVALID` */
export function missingPolicy(value: "skip" | "hold" | "fail" | undefined): "skip" | "hold" | "fail" {
  return optionalWord("onMissing", value, ["skip", "hold", "fail"]) ?? "skip";
}

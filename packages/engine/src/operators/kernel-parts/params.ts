import { nearestWord, parsePeriod, QmtlError, shown } from "@qmtl/core";
import type { OperatorParams } from "../../operator/index.ts";

/** What the author of a graph wrote: nothing about it is known yet. */
export type GivenParams = Readonly<Record<string, unknown>>;

/**
 * Closes a definition's `resolve`: hands back the complete parameters, after refusing every given key that
 * is not among them.
 *
 * @throws QmtlError `PARAMETER_INVALID` naming the unknown key and the closest known one
 */
export function completeParams<Params extends OperatorParams>(
  operator: string,
  given: GivenParams,
  complete: Params,
): Params {
  const known = Object.keys(complete);
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const nearest = nearestWord(key, known);
    throw new QmtlError("PARAMETER_INVALID", `${operator} has no parameter ${shown(key)}`, {
      details: { operator, found: key, known },
      hint:
        nearest === undefined
          ? `${operator} takes ${known.join(", ") || "no parameters"}`
          : `did you mean "${nearest}"?`,
    });
  }
  return complete;
}

/**
 * Reads a number of rows.
 *
 * @param fallback - used when the parameter is not given; without one the parameter is required
 * @param least - smallest period that makes sense to the operator, 1 unless told
 * @throws QmtlError `PERIOD_INVALID`
 */
export function readPeriod(params: GivenParams, name: string, fallback?: number, least = 1): number {
  const misspelt =
    params[name] === undefined && fallback === undefined
      ? nearestWord(
          name,
          Object.keys(params).filter((key) => key !== name),
        )
      : undefined;
  if (misspelt !== undefined) {
    throw new QmtlError("PARAMETER_INVALID", `${name} is missing, and there is no parameter "${misspelt}"`, {
      details: { parameter: name, found: misspelt },
      hint: `did you mean "${name}"?`,
    });
  }
  const period = parsePeriod(params[name] === undefined ? fallback : params[name], name);
  if (period >= least) return period;
  throw new QmtlError("PERIOD_INVALID", `${name} must be at least ${least}; found ${period}`, {
    details: { parameter: name, found: period, least },
  });
}

/** A whole number of rows that may be 0: a displacement. @throws QmtlError `PERIOD_INVALID` */
export function readRows(params: GivenParams, name: string, fallback: number): number {
  const value = params[name] === undefined ? fallback : params[name];
  return value === 0 ? 0 : parsePeriod(value, name);
}

export interface NumberBounds {
  /** Smallest value allowed. */
  readonly min?: number;
  /** Values must be greater than this. */
  readonly above?: number;
  /** Largest value allowed. */
  readonly max?: number;
}

/**
 * Reads a finite number within bounds; without a fallback it is required.
 *
 * @throws QmtlError `PARAMETER_INVALID`
 */
export function readNumber(params: GivenParams, name: string, fallback?: number, bounds: NumberBounds = {}): number {
  const value = params[name] === undefined ? fallback : params[name];
  const { min = -Infinity, above = -Infinity, max = Infinity } = bounds;
  if (typeof value === "number" && Number.isFinite(value) && value >= min && value > above && value <= max) {
    return value === 0 ? 0 : value; // -0 and 0 mean the same and must hash the same
  }
  const expected = [
    "a finite number",
    ...(min > -Infinity ? [`at least ${min}`] : []),
    ...(above > -Infinity ? [`above ${above}`] : []),
    ...(max < Infinity ? [`at most ${max}`] : []),
  ].join(", ");
  throw new QmtlError("PARAMETER_INVALID", `${name} must be ${expected}; found ${shown(value)}`, {
    details: { parameter: name, expected, found: shown(value) },
  });
}

/**
 * Reads one word out of a few; without a fallback it is required.
 *
 * @throws QmtlError `PARAMETER_INVALID`, with the closest word as hint
 */
export function readChoice<const Choice extends string>(
  params: GivenParams,
  name: string,
  choices: readonly Choice[],
  fallback?: NoInfer<Choice>,
): Choice {
  const value = params[name] === undefined ? fallback : params[name];
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  const nearest = typeof value === "string" ? nearestWord(value, choices) : undefined;
  throw new QmtlError(
    "PARAMETER_INVALID",
    `${name} must be one of ${choices.map((word) => `"${word}"`).join(", ")}; found ${shown(value)}`,
    {
      details: { parameter: name, choices, found: shown(value) },
      ...(nearest !== undefined && { hint: `did you mean "${nearest}"?` }),
    },
  );
}

/** Reads true or false. @throws QmtlError `PARAMETER_INVALID` */
export function readFlag(params: GivenParams, name: string, fallback: boolean): boolean {
  const value = params[name] === undefined ? fallback : params[name];
  if (typeof value === "boolean") return value;
  throw new QmtlError("PARAMETER_INVALID", `${name} must be true or false; found ${shown(value)}`, {
    details: { parameter: name, found: shown(value) },
  });
}

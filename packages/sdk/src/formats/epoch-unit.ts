export type EpochUnit = "s" | "ms" | "us" | "ns";

export interface EpochUnitGuess {
  readonly unit: EpochUnit;
  /** Why another unit is as likely, for people; undefined when there is no doubt. */
  readonly doubt?: string;
}

export const msPerUnit: Readonly<Record<EpochUnit, number>> = { s: 1_000, ms: 1, us: 1e-3, ns: 1e-6 };

const plausibleFromMs = Date.UTC(1980, 0, 1);
const plausibleToMs = Date.UTC(2100, 0, 1);

/**
 * The unit of epoch times by their size: from 1e16 nanoseconds, from 1e13 microseconds, from 1e10 milliseconds,
 * below that seconds. Within the years 1980 to 2100 only one unit fits, so doubt is named when the newest time lies
 * outside them, or when older rows look like another unit.
 *
 * @param values raw epoch numbers; NaN is skipped
 * @param inOrder they are known to be: see `EpochOrder`
 */
export function guessEpochUnit(values: Float64Array, inOrder = false): EpochUnitGuess {
  const { oldest, newest } =
    inOrder && values.length > 0 ? { oldest: values[0]!, newest: values.at(-1)! } : extremes(values);
  if (newest < oldest) return { unit: "ms" };
  const unit = unitBySize(Math.max(Math.abs(newest), Math.abs(oldest)));
  const newestMs = newest * msPerUnit[unit];
  const oldestUnit = unitBySize(Math.abs(oldest));
  if (newestMs < plausibleFromMs || newestMs >= plausibleToMs) {
    return { unit, doubt: `${newest} would be ${year(newestMs)} in ${unit}` };
  }
  if (oldestUnit !== unit && oldest > 0 && oldest * msPerUnit[unit] < plausibleFromMs) {
    return { unit, doubt: `${oldest} looks like ${oldestUnit}, ${newest} like ${unit}` };
  }
  return { unit };
}

function extremes(values: Float64Array): { readonly oldest: number; readonly newest: number } {
  let newest = Number.NEGATIVE_INFINITY;
  let oldest = Number.POSITIVE_INFINITY;
  // A third of the time that comparisons take; an absent value makes them NaN.
  for (let index = 0; index < values.length; index++) {
    newest = Math.max(newest, values[index]!);
    oldest = Math.min(oldest, values[index]!);
  }
  if (!Number.isNaN(newest)) return { oldest, newest };
  newest = Number.NEGATIVE_INFINITY;
  oldest = Number.POSITIVE_INFINITY;
  for (const value of values) {
    if (value > newest) newest = value;
    if (value < oldest) oldest = value;
  }
  return { oldest, newest };
}

function unitBySize(size: number): EpochUnit {
  if (size >= 1e16) return "ns";
  if (size >= 1e13) return "us";
  if (size >= 1e10) return "ms";
  return "s";
}

function year(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "outside the calendar" : `in the year ${date.getUTCFullYear()}`;
}

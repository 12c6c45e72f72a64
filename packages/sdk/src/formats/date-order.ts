import { daysFromCivil } from "./iso-time.ts";

const dayMs = 86_400_000;

/** A date written as three numbers, whose order the whole file has to prove. */
export interface DateParts {
  readonly first: number;
  readonly second: number;
  readonly year: number;
  readonly timeOfDayMs: number;
}

const slashDate =
  /^(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*([AaPp][Mm])?)?$/;

/**
 * `1/3/2017`, `01/03/17 09:30`, `31.12.2020 4:15 PM`; `2017/01/03` comes back with `first` the month. Two-digit
 * years: 70..99 are 19xx, 00..69 are 20xx (POSIX).
 */
export function readDateParts(text: string): (DateParts & { readonly yearFirst: boolean }) | undefined {
  const match = slashDate.exec(text);
  if (!match) return undefined;
  const [, a = "", b = "", c = "", hourText = "0", minute = "0", second = "0", fraction = "0", half = ""] = match;
  let hour = Number(hourText);
  if (half !== "") {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  }
  if (hour > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const timeOfDayMs =
    ((hour * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + Math.floor(Number(`0.${fraction}`) * 1_000 + 1e-6);
  if (a.length === 4 && c.length <= 2) {
    return { first: Number(b), second: Number(c), year: Number(a), timeOfDayMs, yearFirst: true };
  }
  if (a.length > 2 || (c.length !== 4 && c.length !== 2)) return undefined;
  const year = c.length === 4 ? Number(c) : Number(c) + (Number(c) >= 70 ? 1900 : 2000);
  return { first: Number(a), second: Number(b), year, timeOfDayMs, yearFirst: false };
}

// Packed into one exact double (below 2^53), so that a column of a million dates stays one Float64Array.
export function packDate(parts: DateParts): number {
  return ((parts.year * 100 + parts.first) * 100 + parts.second) * dayMs + parts.timeOfDayMs;
}

/** Wall time of a packed date; NaN when there is no such day. */
export function unpackDate(packed: number, order: "month-first" | "day-first"): number {
  const date = Math.floor(packed / dayMs);
  const second = date % 100;
  const first = Math.floor(date / 100) % 100;
  const year = Math.floor(date / 10_000);
  const [month, day] = order === "month-first" ? [first, second] : [second, first];
  return daysFromCivil(year, month, day) * dayMs + (packed - date * dayMs);
}

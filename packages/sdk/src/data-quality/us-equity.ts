import { TimeZone } from "../formats/index.ts";

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** Years whose holidays are known here. */
export const usEquityYears = { first: 1990, last: 2035 } as const;

/** Days of special closing, which follow no rule. */
const specialClosings = new Set([
  "1994-04-27", // mourning for President Nixon
  "2001-09-11",
  "2001-09-12",
  "2001-09-13",
  "2001-09-14",
  "2004-06-11", // mourning for President Reagan
  "2007-01-02", // mourning for President Ford
  "2012-10-29", // hurricane
  "2012-10-30",
  "2018-12-05", // mourning for President G. H. W. Bush
  "2025-01-09", // mourning for President Carter
]);

/** Early closes that follow no rule, in minutes after midnight in New York. */
const specialEarlyCloses: Readonly<Record<string, number>> = {
  "1990-12-24": 840,
  "1991-12-24": 840,
  "1992-11-27": 840,
  "1992-12-24": 840,
  "1994-02-11": 870,
  "1996-01-08": 840,
  "1996-07-05": 780,
  "1997-10-27": 930,
  "1997-12-26": 780,
  "2002-07-05": 780,
  "2003-12-26": 780,
  "2005-06-01": 956,
};

/** True when US stock exchanges are open on the day that starts at `dayStartMs` (UTC midnight of the date). */
export function isUsEquityDay(dayStartMs: number): boolean {
  const weekday = new Date(dayStartMs).getUTCDay();
  return weekday !== 0 && weekday !== 6 && !isUsHoliday(dayStartMs);
}

/** True on a weekday on which US stock exchanges stay closed; false outside 1990..2035. */
export function isUsHoliday(dayStartMs: number): boolean {
  const year = new Date(dayStartMs).getUTCFullYear();
  if (year < usEquityYears.first || year > usEquityYears.last) return false;
  let known = holidaysByYear.get(year);
  if (known === undefined) {
    known = holidaysOf(year);
    holidaysByYear.set(year, known);
  }
  return known.has(dayStartMs);
}

/** Regular session of a trading day as UTC times: 9:30 to 16:00 in New York, or to the early close. */
export function usEquitySession(dayStartMs: number): { readonly openMs: number; readonly closeMs: number } {
  newYork ??= new TimeZone("America/New_York");
  return {
    openMs: newYork.toUtc(dayStartMs + 570 * minuteMs).utcMs,
    closeMs: newYork.toUtc(dayStartMs + closeMinute(dayStartMs) * minuteMs).utcMs,
  };
}

/** Minutes after midnight in New York at which the session of a trading day ends. */
export function closeMinute(dayStartMs: number): number {
  const date = new Date(dayStartMs);
  const special = specialEarlyCloses[date.toISOString().slice(0, 10)];
  if (special !== undefined) return special;
  const [year, month, day, weekday] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCDay()];
  const isDayAfterThanksgiving = month === 10 && weekday === 5 && day >= 23 && day <= 29;
  if (isDayAfterThanksgiving && year >= 1993) return 780;
  // The eve of Christmas or of Independence Day closes early when it is no Friday (the holiday is kept that day).
  if (month === 11 && day === 24 && year >= 1996) return 780;
  const isJulyThird = month === 6 && day === 3 && year >= 1995 && weekday !== 5;
  return isJulyThird && (weekday !== 3 || year >= 2013) ? 780 : 960;
}

let newYork: TimeZone | undefined;
const holidaysByYear = new Map<number, ReadonlySet<number>>();

function holidaysOf(year: number): ReadonlySet<number> {
  const days = [
    sundayToMonday(Date.UTC(year, 0, 1)), // New Year; a Saturday is not moved into the old year
    nthWeekday(year, 1, 1, 3), // Washington's Birthday
    easter(year) - 2 * dayMs, // Good Friday
    lastMonday(year, 4), // Memorial Day
    observed(Date.UTC(year, 6, 4)), // Independence Day
    nthWeekday(year, 8, 1, 1), // Labor Day
    nthWeekday(year, 10, 4, 4), // Thanksgiving
    observed(Date.UTC(year, 11, 25)), // Christmas
  ];
  if (year >= 1998) days.push(nthWeekday(year, 0, 1, 3)); // Martin Luther King Jr. Day
  if (year >= 2022) days.push(observed(Date.UTC(year, 5, 19))); // Juneteenth
  for (const date of specialClosings) if (date.startsWith(String(year))) days.push(Date.parse(date));
  return new Set(days);
}

function observed(dayStartMs: number): number {
  const weekday = new Date(dayStartMs).getUTCDay();
  return weekday === 6 ? dayStartMs - dayMs : sundayToMonday(dayStartMs);
}

function sundayToMonday(dayStartMs: number): number {
  return new Date(dayStartMs).getUTCDay() === 0 ? dayStartMs + dayMs : dayStartMs;
}

function nthWeekday(year: number, month: number, weekday: number, n: number): number {
  const first = new Date(Date.UTC(year, month, 1)).getUTCDay();
  return Date.UTC(year, month, 1 + ((weekday - first + 7) % 7) + (n - 1) * 7);
}

function lastMonday(year: number, month: number): number {
  const last = Date.UTC(year, month + 1, 0);
  return last - ((new Date(last).getUTCDay() + 6) % 7) * dayMs;
}

/** Easter Sunday of the Gregorian calendar (anonymous algorithm, Nature 1876). */
function easter(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const month = Math.floor((h + l - 7 * m + 114) / 31);
  return Date.UTC(year, month - 1, ((h + l - 7 * m + 114) % 31) + 1);
}

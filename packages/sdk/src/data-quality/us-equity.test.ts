import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { closeMinute, isUsEquityDay, isUsHoliday, usEquitySession, usEquityYears } from "./us-equity.ts";

const dayMs = 86_400_000;
const truth = JSON.parse(readFileSync(new URL("fixtures/us-equity-days.json", import.meta.url), "utf8")) as {
  readonly holidays: readonly string[];
  readonly earlyCloses: Readonly<Record<string, string>>;
};

test("holidays and early closes of 1990 to 2035 are those of pandas_market_calendars", () => {
  const holidays: string[] = [];
  const early: Record<string, string> = {};
  for (let day = Date.UTC(usEquityYears.first, 0, 1); day < Date.UTC(usEquityYears.last + 1, 0, 1); day += dayMs) {
    const weekday = new Date(day).getUTCDay();
    if (weekday === 0 || weekday === 6) {
      expect(isUsEquityDay(day)).toBe(false);
      continue;
    }
    const date = new Date(day).toISOString().slice(0, 10);
    if (isUsHoliday(day)) holidays.push(date);
    else if (closeMinute(day) !== 960) {
      early[date] = `${Math.floor(closeMinute(day) / 60)}:${String(closeMinute(day) % 60).padStart(2, "0")}`;
    }
  }
  expect(holidays).toEqual(truth.holidays);
  expect(early).toEqual(truth.earlyCloses);
});

test("a session is 9:30 to 16:00 in New York, in winter and in summer", () => {
  expect(usEquitySession(Date.parse("2024-01-31"))).toEqual({
    openMs: Date.parse("2024-01-31T14:30:00Z"),
    closeMs: Date.parse("2024-01-31T21:00:00Z"),
  });
  expect(usEquitySession(Date.parse("2024-07-03"))).toEqual({
    openMs: Date.parse("2024-07-03T13:30:00Z"),
    closeMs: Date.parse("2024-07-03T17:00:00Z"),
  });
});

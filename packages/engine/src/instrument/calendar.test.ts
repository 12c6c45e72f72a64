import { describe, expect, it } from "vitest";
import { isTradingDay, sessionEndAfter, sessionStartAtOrAfter, tradingDaysLater } from "./index.ts";

const at = (text: string) => Date.parse(text);
const iso = (timeMs: number) => new Date(timeMs).toISOString().replace(":00.000Z", "Z");

describe("sessions", () => {
  it("are UTC days around the clock, without weekends where asked", () => {
    expect(iso(sessionStartAtOrAfter("24x7", at("2024-03-02T10:00Z")))).toBe("2024-03-03T00:00Z");
    expect(iso(sessionStartAtOrAfter("24x7", at("2024-03-02T00:00Z")))).toBe("2024-03-02T00:00Z");
    expect(iso(sessionEndAfter("24x7", at("2024-03-02T00:00Z")))).toBe("2024-03-03T00:00Z");
    expect(iso(sessionStartAtOrAfter("weekdays", at("2024-03-01T10:00Z")))).toBe("2024-03-04T00:00Z");
  });
  it("follow New York through its clock changes", () => {
    expect(iso(sessionStartAtOrAfter("us_equity", at("2024-03-08T00:00Z")))).toBe("2024-03-08T14:30Z"); // winter
    expect(iso(sessionEndAfter("us_equity", at("2024-03-08T21:00Z")))).toBe("2024-03-11T20:00Z"); // summer since the 10th
    expect(iso(sessionEndAfter("us_equity", at("2024-11-01T00:00Z")))).toBe("2024-11-01T20:00Z");
    expect(iso(sessionEndAfter("us_equity", at("2024-11-04T00:00Z")))).toBe("2024-11-04T21:00Z");
    expect(iso(sessionEndAfter("us_equity", at("2006-03-15T00:00Z")))).toBe("2006-03-15T21:00Z"); // April until 2006
  });
  it("know the exchange's holidays of 2021 to 2024", () => {
    // https://www.nyse.com/markets/hours-calendars, weekdays without trading
    const closed = [
      "2021-01-01 2021-01-18 2021-02-15 2021-04-02 2021-05-31 2021-07-05 2021-09-06 2021-11-25 2021-12-24",
      "2022-01-17 2022-02-21 2022-04-15 2022-05-30 2022-06-20 2022-07-04 2022-09-05 2022-11-24 2022-12-26",
      "2023-01-02 2023-01-16 2023-02-20 2023-04-07 2023-05-29 2023-06-19 2023-07-04 2023-09-04 2023-11-23 2023-12-25",
      "2024-01-01 2024-01-15 2024-02-19 2024-03-29 2024-05-27 2024-06-19 2024-07-04 2024-09-02 2024-11-28 2024-12-25",
    ];
    const found: string[] = [];
    for (let day = at("2021-01-01") / 86_400_000; day < at("2025-01-01") / 86_400_000; day++) {
      if (isTradingDay("weekdays", day) && !isTradingDay("us_equity", day)) {
        found.push(new Date(day * 86_400_000).toISOString().slice(0, 10));
      }
    }
    expect(found.join(" ")).toBe(closed.join(" "));
  });
  it("count settlement days over weekends and holidays", () => {
    const thursday = at("2024-06-27T15:00Z");
    expect(iso(tradingDaysLater("us_equity", thursday, 2))).toBe("2024-07-01T00:00Z");
    expect(iso(tradingDaysLater("us_equity", at("2024-07-03T15:00Z"), 1))).toBe("2024-07-05T00:00Z");
    expect(iso(tradingDaysLater("24x7", thursday, 2))).toBe("2024-06-29T00:00Z");
  });
});

import { describe, expect, it } from "vitest";
import { SessionClock, TimingController, usEquityHours, type MarketHours } from "./index.ts";

const at = (text: string) => Date.parse(text);
const newYork = new SessionClock(usEquityHours);
const tokyo: MarketHours = {
  timeZone: "Asia/Tokyo",
  regularStart: "09:00",
  lunchStart: "11:30",
  lunchEnd: "12:30",
  regularEnd: "15:30",
  holidays: ["2024-11-04"],
};

describe("sessions", () => {
  it.each([
    // Winter: UTC-5.
    ["2024-01-10T08:59:59.999Z", "closed"],
    ["2024-01-10T09:00:00Z", "pre_market"],
    ["2024-01-10T14:29:59.999Z", "pre_market"],
    ["2024-01-10T14:30:00Z", "regular"],
    ["2024-01-10T20:59:59.999Z", "regular"],
    ["2024-01-10T21:00:00Z", "post_market"],
    ["2024-01-11T00:59:59.999Z", "post_market"],
    ["2024-01-11T01:00:00Z", "closed"],
    // Summer: UTC-4; the clocks change on 10 March.
    ["2024-03-08T14:00:00Z", "pre_market"],
    ["2024-03-11T13:30:00Z", "regular"],
    ["2024-03-11T20:00:00Z", "post_market"],
    // Saturday, a holiday, the Friday after Thanksgiving (closes at 13:00).
    ["2024-01-13T15:00:00Z", "closed"],
    ["2024-12-25T15:00:00Z", "closed"],
    ["2024-11-29T17:59:59Z", "regular"],
    ["2024-11-29T18:00:00Z", "closed"],
  ])("New York, %s: %s", (time, session) => {
    expect(newYork.sessionAt(at(time))).toBe(session);
  });

  it.each([
    ["2024-11-05T00:00:00Z", "regular"],
    ["2024-11-05T02:29:59Z", "regular"],
    ["2024-11-05T02:30:00Z", "lunch"],
    ["2024-11-05T03:30:00Z", "regular"],
    ["2024-11-05T06:30:00Z", "closed"],
    ["2024-11-04T00:30:00Z", "closed"], // Culture Day, observed
  ])("Tokyo, %s: %s", (time, session) => {
    expect(new SessionClock(tokyo).sessionAt(at(time))).toBe(session);
  });

  it("closes early on the days it is told", () => {
    const clock = new SessionClock({ ...tokyo, earlyCloses: { "2024-12-30": "12:00" } });
    const minutes = clock
      .spansOf(at("2024-12-30T00:00:00Z"))
      .map(({ session, startMs, endMs }) => [session, (endMs - startMs) / 60_000]);
    expect(minutes).toEqual([
      ["regular", 150],
      ["lunch", 30],
    ]);
  });

  it("never trades, and always, as the calendar says", () => {
    const round: MarketHours = { timeZone: "UTC", regularStart: "00:00", regularEnd: "24:00", calendar: "24x7" };
    expect(new SessionClock(round).sessionAt(at("2024-01-13T23:59:59.999Z"))).toBe("regular");
    expect(new SessionClock({ ...round, calendar: "weekdays" }).sessionAt(at("2024-01-13T12:00:00Z"))).toBe("closed");
  });

  it.each([
    [{ regularStart: "9:30" }, 'regularStart must be a time of day "HH:MM" up to "24:00"; found "9:30"'],
    [{ regularEnd: "09:30" }, "market hours must be in order"],
    [{ regularEnd: "24:30" }, 'found "24:30"'],
    [{ lunchStart: "12:00" }, "lunchStart and lunchEnd go together"],
    [{ lunchStart: "08:00", lunchEnd: "12:00" }, "market hours must be in order"],
    [{ holidays: ["2024-02-30"] }, 'holidays must name days as "YYYY-MM-DD"; found "2024-02-30"'],
    [{ calendar: "nyse" }, "calendar must be one of"],
    [{ timeZone: "New York" }, "time zone must be an IANA name"],
    [{ timezone: "UTC" }, 'market hours have no field "timezone"'],
  ])("refuses %j", (change, message) => {
    expect(() => new SessionClock({ ...usEquityHours, ...change } as never)).toThrow(message);
  });
});

describe("timing", () => {
  const timing = new TimingController();
  const extended = new TimingController({ allowPreMarket: true, allowPostMarket: true });

  it("allows regular sessions, and others when told", () => {
    expect(timing.validateTiming(at("2024-01-10T15:00:00Z"))).toEqual({ valid: true, session: "regular", reason: "" });
    expect(timing.validateTiming(at("2024-01-10T10:00:00Z"))).toEqual({
      valid: false,
      session: "pre_market",
      reason: "pre-market trading is not allowed",
    });
    expect(extended.validateTiming(at("2024-01-10T10:00:00Z")).valid).toBe(true);
    expect(extended.validateTiming(at("2024-01-10T22:00:00Z")).valid).toBe(true);
    expect(extended.validateTiming(at("2024-01-11T02:00:00Z")).reason).toBe("the market is closed");
    expect(new TimingController({ hours: tokyo }).validateTiming(at("2024-11-05T03:00:00Z")).reason).toBe(
      "the market is at lunch",
    );
  });

  it("finds the next time to the millisecond, over weekends and clock changes", () => {
    const next = (from: string, hours?: number) => {
      const found = timing.nextValidTime(at(from), hours === undefined ? undefined : hours * 3_600_000);
      return found === null ? null : new Date(found).toISOString();
    };
    expect(next("2024-01-10T15:00:00.123Z")).toBe("2024-01-10T15:00:00.123Z");
    expect(next("2024-01-10T14:29:00Z")).toBe("2024-01-10T14:30:00.000Z");
    expect(next("2024-03-08T21:00:00Z")).toBeNull(); // Friday evening: 24 hours find nothing
    expect(next("2024-03-08T21:00:00Z", 72)).toBe("2024-03-11T13:30:00.000Z");
    expect(next("2024-01-10T21:00:00Z", 17.5)).toBeNull(); // opens exactly then: the end is not included
    expect(new TimingController({ hours: tokyo }).nextValidTime(at("2024-11-05T03:00:00Z"))).toBe(
      at("2024-11-05T03:30:00Z"),
    );
  });

  it("estimates delays", () => {
    expect(timing.executionDelayMs(10, "regular")).toBe(50);
    expect(timing.executionDelayMs(5_000, "pre_market")).toBe(200);
    expect(timing.executionDelayMs(-20_000, "post_market")).toBe(400);
    expect(timing.executionDelayMs(20_000, "post_market", 300)).toBe(500);
    expect(timing.executionDelayMs(1, "regular", 0)).toBe(50);
  });

  it("refuses options that make no sense", () => {
    expect(() => new TimingController({ delayMsMin: 600 })).toThrow("0 <= delayMsMin <= delayMsMax must hold");
    expect(() => new TimingController({ allowPremarket: true } as never)).toThrow(
      'timing has no option "allowPremarket"',
    );
  });
});

import { expect, test } from "vitest";
import { loadFrame } from "../history/index.ts";
import { sampleDataNotice, sampleDataPath, sampleDataText } from "./index.ts";

test("the sample is twenty years of clean daily bars", async () => {
  const { frame, findings, calendar } = await loadFrame(sampleDataPath(), { fields: ["open", "high", "low", "close"] });
  expect(findings).toEqual([]);
  expect(calendar).toBe("us_equity");
  expect(frame.intervalMs).toBe(86_400_000);
  expect(frame.length).toBeGreaterThan(5_000);
  expect(frame.time[0]).toBe(Date.parse("2000-01-03T00:00:00Z"));
  expect(frame.columns["close"]![0]).toBe(1455.219971);
});

test("its text is the file's, and its licence is named", () => {
  expect(sampleDataText()).toMatch(/^date,open,high,low,close,adjclose,volume\r?\n2000-01-03,1469\.250000,/);
  expect(sampleDataNotice).toContain("BSD-3-Clause");
});

import { QmtlError } from "../errors/index.ts";
import type { EpochMs } from "../brand/index.ts";
import { shown } from "./interval.ts";

const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|z|[+-]\d{2}:?\d{2})?$/;

/**
 * Reads a time as the command line writes it: epoch seconds, or ISO-8601 (without an offset it is UTC).
 *
 * @throws QmtlError `TIME_INVALID`
 */
export function parseInstant(value: unknown, what = "time"): EpochMs {
  if (value instanceof Date && Number.isFinite(value.getTime())) return value.getTime();
  if (typeof value === "number" && Number.isFinite(value)) return secondsToMs(value, what);
  if (typeof value === "string") {
    const text = value.trim();
    // Nobody means the seconds after 1970 that a year's number would be.
    if (/^(19|20)\d{2}$/.test(text)) {
      throw new QmtlError("TIME_INVALID", `${what} must be epoch seconds or ISO-8601; "${text}" looks like a year`, {
        hint: `write ${text}-01-01`,
      });
    }
    if (/^-?\d+(\.\d+)?$/.test(text)) return secondsToMs(Number(text), what);
    const ms = parseIsoMs(text);
    if (ms !== undefined) return ms;
  }
  throw new QmtlError("TIME_INVALID", `${what} must be epoch seconds or ISO-8601; found ${shown(value)}`, {
    hint: "write for example 1700000000 or 2024-01-31T09:30:00Z",
  });
}

/** Milliseconds of an ISO-8601 text, or undefined when it is none (or names a day that does not exist). */
export function parseIsoMs(text: string): EpochMs | undefined {
  const match = iso.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", offset = "Z"] = match;
  const [y, mo, d, h, mi, s] = [Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second)];
  if (h > 23 || mi > 59 || s > 59) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(y, mo - 1, d); // unlike Date.UTC, does not take the year 99 for 1999
  if (midnight.getUTCMonth() !== mo - 1 || midnight.getUTCDate() !== d) return undefined;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, "0")); // digits beyond are cut, never rounded up
  const ms = midnight.getTime() + ((h * 60 + mi) * 60 + s) * 1_000 + milliseconds;
  if (offset === "Z" || offset === "z") return ms;
  const [offsetHours, offsetMinutes] = [Number(offset.slice(1, 3)), Number(offset.slice(-2))];
  if (offsetHours > 23 || offsetMinutes > 59) return undefined;
  const sign = offset.startsWith("-") ? -1 : 1;
  return ms - sign * (offsetHours * 60 + offsetMinutes) * 60_000;
}

export function formatInstant(timeMs: EpochMs): string {
  return new Date(timeMs).toISOString();
}

// Twelve digits of seconds are the year 33658: whoever writes that meant milliseconds.
function secondsToMs(seconds: number, what: string): EpochMs {
  if (Math.abs(seconds) >= 1e11) {
    throw new QmtlError("TIME_INVALID", `${what} must be epoch seconds; ${seconds} looks like milliseconds`, {
      hint: `write ${Math.trunc(seconds / 1_000)}`,
    });
  }
  return Math.round(seconds * 1_000);
}

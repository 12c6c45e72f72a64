import { QmtlError } from "../errors/index.ts";
import type { EpochMs, IntervalMs } from "../brand/index.ts";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const pattern = /^([0-9]+)([smhdw])$/i;

/**
 * Reads an interval: a number of seconds, or text such as `45s`, `30m`, `1h`, `1d`, `1w`.
 *
 * @returns whole milliseconds, greater than 0
 * @throws QmtlError `INTERVAL_INVALID` naming the value
 */
export function parseInterval(value: unknown): IntervalMs {
  let ms = Number.NaN;
  if (typeof value === "number") ms = value * 1_000;
  if (typeof value === "string") {
    const match = pattern.exec(value.trim());
    if (match) ms = Number(match[1]) * unitMs[match[2]!.toLowerCase()]!;
  }
  if (Number.isSafeInteger(ms) && ms > 0 && ms % 1_000 === 0) return ms;
  throw new QmtlError(
    "INTERVAL_INVALID",
    `interval must be a positive number of seconds or text such as "45s", "30m", "1h", "1d", "1w"; found ${shown(value)}`,
    {
      details: { found: shown(value) },
      hint: 'write for example interval: "1m"',
    },
  );
}

/** The shortest text for an interval: `90_000` is `90s`, `3_600_000` is `1h`. */
export function formatInterval(intervalMs: IntervalMs): string {
  for (const unit of ["w", "d", "h", "m", "s"]) {
    if (intervalMs % unitMs[unit]! === 0) return `${intervalMs / unitMs[unit]!}${unit}`;
  }
  return `${intervalMs / 1_000}s`;
}

/** Start of the bucket that holds `timeMs`; a row stamped so covers `[b, b + interval)` and is knowable at its end. */
export function bucketStart(timeMs: EpochMs, intervalMs: IntervalMs): EpochMs {
  const remainder = timeMs % intervalMs;
  return timeMs - (remainder < 0 ? remainder + intervalMs : remainder);
}

/**
 * Reads a number of rows.
 *
 * @throws QmtlError `PERIOD_INVALID` for anything but a whole number in `[1, 1_000_000]`
 */
export function parsePeriod(value: unknown, what = "period"): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 1_000_000) return value;
  throw new QmtlError(
    "PERIOD_INVALID",
    `${what} must be a whole number of rows from 1 to 1000000; found ${shown(value)}`,
    {
      details: { found: shown(value) },
    },
  );
}

/** A value as it is quoted in a message: short, unambiguous between `1` and `"1"`. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name: unknown = value.constructor?.name;
  const noun = typeof name === "string" && name !== "" && name !== "Object" ? name : "object";
  return `${/^[aeio]/i.test(noun) ? "an" : "a"} ${noun}`;
}

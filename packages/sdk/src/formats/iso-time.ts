const dayMs = 86_400_000;

/** Where `readIso` leaves what it read; one object, so that a million rows allocate nothing. */
export interface IsoTime {
  /** The wall clock as if it were UTC. */
  wallMs: number;
  /** Minutes east of UTC; NaN when the text carries none. */
  offsetMinutes: number;
}

/**
 * Reads `YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]]][ ][Z|UTC|±HH[[:]MM]]` from bytes `start..end-1`. Fractions finer
 * than a millisecond are cut.
 *
 * @returns false when the bytes are something else, or name a day or an hour that does not exist
 */
export function readIso(bytes: Uint8Array, start: number, end: number, into: IsoTime): boolean {
  if (end - start < 10 || bytes[start + 4] !== 45 || bytes[start + 7] !== 45) return false;
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const day = daysFromCivil(year, twoDigits(bytes, start + 5), twoDigits(bytes, start + 8));
  if (Number.isNaN(day)) return false;
  into.wallMs = day * dayMs;
  into.offsetMinutes = Number.NaN;
  let at = start + 10;
  if (at === end) return true;
  const mark = bytes[at]!;
  if ((mark === 84 || mark === 116 || mark === 32) && isDigit(bytes[at + 1]!)) {
    if (at + 6 > end || bytes[at + 3] !== 58) return false;
    const hour = twoDigits(bytes, at + 1);
    const minute = twoDigits(bytes, at + 4);
    if (!(hour < 24 && minute < 60)) return false;
    into.wallMs += hour * 3_600_000 + minute * 60_000;
    at += 6;
    if (at < end && bytes[at] === 58) {
      const second = twoDigits(bytes, at + 1);
      if (at + 3 > end || !(second < 60)) return false;
      into.wallMs += second * 1_000;
      at += 3;
      if (at < end && bytes[at] === 46) {
        const fractionStart = ++at;
        let scale = 100;
        for (; at < end && isDigit(bytes[at]!); at++) {
          if (scale >= 1) into.wallMs += (bytes[at]! - 48) * scale;
          scale /= 10;
        }
        if (at === fractionStart) return false;
      }
    }
  }
  if (at < end && bytes[at] === 32) at++;
  return at === end || readOffset(bytes, at, end, into);
}

function readOffset(bytes: Uint8Array, at: number, end: number, into: IsoTime): boolean {
  const sign = bytes[at]!;
  if (sign === 90 || sign === 122) {
    into.offsetMinutes = 0;
    return at + 1 === end;
  }
  if (sign === 85 && end - at === 3 && bytes[at + 1] === 84 && bytes[at + 2] === 67) {
    into.offsetMinutes = 0;
    return true;
  }
  if (sign !== 43 && sign !== 45) return false;
  const size = end - at;
  const minuteAt = size === 6 && bytes[at + 3] === 58 ? at + 4 : at + 3;
  if (size !== 3 && size !== 5 && !(size === 6 && minuteAt === at + 4)) return false;
  const hours = twoDigits(bytes, at + 1);
  const minutes = size === 3 ? 0 : twoDigits(bytes, minuteAt);
  if (!(hours <= 15 && minutes < 60)) return false;
  into.offsetMinutes = (sign === 45 ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

/** Days since 1970-01-01 of a Gregorian date (Hinnant, "chrono-compatible low-level date algorithms"); NaN if none. */
export function daysFromCivil(year: number, month: number, day: number): number {
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return Number.NaN;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

// NaN when one of the two is no digit: every comparison with it fails.
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 48;
  const ones = bytes[at + 1]! - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

import { InvalidArgumentError } from "commander";

/** For options that count something: `--workers 4`. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError("expected a whole number of at least 1");
  }
  return count;
}

/** For options that take any finite number: `--risk-free 0.02`. */
export function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw new InvalidArgumentError("expected a number");
  return number;
}

import { parsePeriod, QmtlError, shown, type EpochMs, type IntervalMs } from "@qmtl/core";
import { seededRandom, type Random } from "@qmtl/core/random";
import type { Frame } from "../frame/index.ts";

/** What every synthetic source is told. Equal options give equal rows, on every machine. */
export interface SyntheticOptions {
  /** Rows to make, 1 to 1 000 000. */
  readonly rows: number;
  /** Whole seconds, in ms. */
  readonly intervalMs: IntervalMs;
  readonly seed: number | string;
  /** Start of the first bucket, a multiple of the interval; 0 unless told. */
  readonly startMs?: EpochMs;
  /** Price at row 0; 100 unless told. */
  readonly startPrice?: number;
}

/** For sources whose parameters are per year. */
export interface AnnualOptions extends SyntheticOptions {
  /**
   * Rows in a year, which turns annual parameters into those of a row. Unless told, a year of 365 days around the
   * clock; for a stock's minutes say 252 * 390.
   */
  readonly periodsPerYear?: number;
}

export interface SyntheticRun {
  readonly rows: number;
  readonly startPrice: number;
  readonly random: Random;
  /** The rows as a frame with these columns. */
  frame(columns: Readonly<Record<string, Float64Array>>): Frame;
}

/**
 * Checks the options common to all sources.
 *
 * @throws QmtlError `PARAMETER_INVALID`, `PERIOD_INVALID`, `INTERVAL_INVALID`, `TIME_INVALID`
 */
export function startRun(options: SyntheticOptions): SyntheticRun {
  const { intervalMs, seed, startMs = 0, startPrice = 100 } = options;
  const rows = parsePeriod(options.rows, "rows");
  if (!(Number.isSafeInteger(intervalMs) && intervalMs > 0)) {
    throw new QmtlError(
      "INTERVAL_INVALID",
      `intervalMs must be a positive whole number of ms; found ${shown(intervalMs)}`,
    );
  }
  if (!Number.isSafeInteger(startMs) || startMs % intervalMs !== 0) {
    throw new QmtlError(
      "TIME_INVALID",
      `startMs must be a multiple of the interval ${intervalMs}; found ${shown(startMs)}`,
      {
        hint: "round it with bucketStart(startMs, intervalMs)",
      },
    );
  }
  requireNumber("startPrice", startPrice, { above: 0 });
  return {
    rows,
    startPrice,
    random: seededRandom(seed),
    frame(columns) {
      const time = new Float64Array(rows);
      for (let i = 0; i < rows; i++) time[i] = startMs + i * intervalMs;
      return { intervalMs, length: rows, time, columns };
    },
  };
}

/** Length of one row in years. @throws QmtlError `PARAMETER_INVALID` */
export function yearsPerRow({ intervalMs, periodsPerYear }: AnnualOptions): number {
  if (periodsPerYear === undefined) return intervalMs / (365 * 86_400_000);
  return 1 / requireNumber("periodsPerYear", periodsPerYear, { above: 0 });
}

/** The value, when it is finite and within bounds. @throws QmtlError `PARAMETER_INVALID` */
export function requireNumber(
  name: string,
  value: number,
  bounds: { readonly above?: number; readonly min?: number; readonly max?: number; readonly below?: number } = {},
): number {
  const { above = -Infinity, min = -Infinity, max = Infinity, below = Infinity } = bounds;
  if (Number.isFinite(value) && value > above && value >= min && value <= max && value < below) return value;
  const expected = Object.entries(bounds).map(([bound, limit]) => `${bound} ${limit}`);
  throw new QmtlError(
    "PARAMETER_INVALID",
    `${name} must be ${["a finite number", ...expected].join(", ")}; found ${shown(value)}`,
    { details: { parameter: name, found: shown(value) } },
  );
}

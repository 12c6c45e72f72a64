import { basename } from "node:path";
import {
  formatInterval,
  formatInstant,
  nearestWord,
  QmtlError,
  shown,
  type EpochMs,
  type IntervalMs,
} from "@qmtl/core";
import { digestColumns } from "@qmtl/core/identity";
import type { Frame } from "@qmtl/engine/frame";
import type { DataQuality } from "@qmtl/engine/result";
import type { FileRows } from "../formats/index.ts";
import { tradingBuckets, tradingCalendars, type TradingCalendar } from "./calendar.ts";
import { checkGaps } from "./check-gaps.ts";
import { checkValues } from "./check-values.ts";
import { FindingList, qualityRules, ruleText, type Finding, type QualityRule } from "./finding.ts";
import { inferCalendar, inferInterval } from "./infer.ts";
import { isRegular } from "./ordinary-rows.ts";
import { settleRows, selectRange } from "./settle.ts";

const dayMs = 86_400_000;

export interface CheckOptions {
  /** Bucket length in ms. Default: the step that most rows follow. */
  readonly intervalMs?: IntervalMs;
  /** What a time in the file stamps. Default: the bar's open. */
  readonly timeIs?: "open" | "close";
  /** Default: inferred from the rows, and said so in the quality record. */
  readonly calendar?: TradingCalendar;
  /** Rows wanted: `[start, end)`. Rows outside are left out, rows missing inside are found. */
  readonly start?: EpochMs;
  readonly end?: EpochMs;
  /** Fields that must be there. */
  readonly fields?: readonly string[];
  /** A close that moves by more than this share is suspicious. Default 0.4. */
  readonly jumpMax?: number;
  /** Rules that do not stop a run; `qualityRules` says what then becomes of the rows. */
  readonly allow?: readonly QualityRule[];
  /** Name of the stream in the quality record. Default: the file's name. */
  readonly stream?: string;
}

export interface LoadedFrame {
  readonly frame: Frame;
  readonly quality: DataQuality;
  readonly findings: readonly Finding[];
  readonly calendar: TradingCalendar;
  /** How times, interval and calendar were understood, for people. */
  readonly notes: readonly string[];
}

/**
 * Judges the rows of a file and turns them into a frame: sorted, one row per bucket, on the grid. Nothing is thrown
 * for bad data; see `refuseErrors`.
 *
 * @throws QmtlError `INTERVAL_INVALID` when no interval is given and most rows follow none; `PARAMETER_INVALID`
 */
export function inspectRows(rows: FileRows, options: CheckOptions = {}): LoadedFrame {
  checkOptionWords(options);
  const findings = new FindingList();
  const name = basename(rows.source);
  checkTimeReading(rows, findings);
  const isOpen = options.timeIs !== "close";
  const regular = options.intervalMs !== undefined && isOpen && isRegular(rows.time, rows.length, options.intervalMs);
  const sorted = regular ? rows : settleRows(rows, findings);
  const { intervalMs, isAssumed } = intervalOf(sorted, options, name);
  if (isAssumed && sorted.length > 0) findings.add("interval-assumed", undefined, 1, formatInterval(intervalMs));
  const onGrid = regular ? rows : settleRows(sorted, findings, { intervalMs, shiftMs: isOpen ? 0 : -intervalMs });
  const wanted = selectRange(onGrid, options.start, options.end);
  if (wanted.length === 0) findings.add("empty", undefined, 1, emptyNote(onGrid, options));
  const guess = calendarOf(wanted, intervalMs, options);
  const gaps = regular
    ? { missingBuckets: 0, longestGapMs: 0 }
    : checkGaps(wanted, intervalMs, guess.calendar, options.calendar === undefined, findings);
  checkEnds(wanted, intervalMs, guess.calendar, options, findings);
  checkValues(wanted, 0, wanted.length, options.jumpMax ?? 0.4, findings);
  const columns = withFields(wanted, options.fields ?? [], findings);
  const list = findings.findings(name);
  const frame: Frame = {
    intervalMs,
    length: wanted.length,
    time: wanted.time,
    columns: withoutInfinity(columns, list),
  };
  return {
    frame,
    findings: list,
    calendar: guess.calendar,
    quality: qualityRecord(rows.source, options.stream ?? name, frame, gaps, list),
    notes: [
      `times: column "${rows.timeReading.column}", ${rows.timeReading.description}`,
      `interval: ${formatInterval(intervalMs)}${options.intervalMs === undefined ? ", inferred" : ""}`,
      `calendar: ${guess.calendar} (${guess.reason})`,
      ...(rows.ignored.length > 0 ? [`text columns left out: ${rows.ignored.join(", ")}`] : []),
    ],
  };
}

/** Judges a frame that did not come from a file; rows are numbered from 1. */
export function checkFrame(frame: Frame, options: CheckOptions & { readonly source?: string } = {}): LoadedFrame {
  const rows: FileRows = {
    source: options.source ?? "memory",
    length: frame.length,
    time: frame.time,
    timeReading: { column: "time", description: "epoch ms", isDays: false, nonexistentLocal: [] },
    columns: frame.columns,
    ignored: [],
    rowNumber: (index) => index + 1,
  };
  return inspectRows(rows, { intervalMs: frame.intervalMs, ...options });
}

/** Stops on the first error that the author did not allow. @throws QmtlError with the code of its rule */
export function refuseErrors(loaded: LoadedFrame, allow: readonly QualityRule[] = []): void {
  const errors = loaded.findings.filter((finding) => finding.severity === "error" && !allow.includes(finding.rule));
  const [first] = errors;
  if (first === undefined) return;
  const others = errors.slice(1).map((finding) => finding.rule);
  const { code, whenAllowed } = ruleText(first.rule);
  const more = others.length === 0 ? "" : `; also ${others.join(", ")}`;
  const words = [...allow, ...errors.map((finding) => finding.rule)].map((rule) => `"${rule}"`).join(", ");
  throw new QmtlError(code, `${first.message}${more}`, {
    details: { source: loaded.quality.source, findings: errors },
    hint: `correct the data, or accept it with allow: [${words}] (${first.rule}: ${whenAllowed})`,
  });
}

function checkOptionWords(options: CheckOptions): void {
  const refuse = (what: string, found: string, known: readonly string[]): never => {
    const near = nearestWord(found, known);
    throw new QmtlError("PARAMETER_INVALID", `${what} must be one of ${known.join(", ")}; found ${shown(found)}`, {
      ...(near !== undefined && { hint: `did you mean "${near}"?` }),
    });
  };
  for (const rule of options.allow ?? []) {
    if (!Object.hasOwn(qualityRules, rule)) refuse("allow", rule, Object.keys(qualityRules));
  }
  const { calendar } = options;
  if (calendar !== undefined && !tradingCalendars.includes(calendar)) refuse("calendar", calendar, tradingCalendars);
}

function checkTimeReading(rows: FileRows, findings: FindingList): void {
  const { ambiguousUnit, nonexistentLocal, column } = rows.timeReading;
  if (ambiguousUnit !== undefined) {
    findings.add("epoch-unit", { row: rows.rowNumber(0), timeMs: null, column, found: ambiguousUnit });
  }
  for (const { index, text } of nonexistentLocal) {
    findings.add("nonexistent-time", { row: rows.rowNumber(index), timeMs: null, column, found: text });
  }
}

function intervalOf(
  rows: FileRows,
  options: CheckOptions,
  name: string,
): { intervalMs: IntervalMs; isAssumed: boolean } {
  if (options.intervalMs !== undefined) return { intervalMs: options.intervalMs, isAssumed: false };
  if (rows.length < 2) {
    const time = rows.time[0] ?? 0;
    const guess = rows.timeReading.isDays || time % dayMs === 0 ? dayMs : time % 3_600_000 === 0 ? 3_600_000 : 60_000;
    return { intervalMs: guess, isAssumed: true };
  }
  const intervalMs = inferInterval(rows.time);
  if (intervalMs !== undefined) return { intervalMs, isAssumed: false };
  const steps = [1, 2, 3]
    .filter((index) => index < rows.length)
    .map((i) => (rows.time[i]! - rows.time[i - 1]!) / 1_000);
  throw new QmtlError(
    "INTERVAL_INVALID",
    `${name}: most rows follow no common step; the first are ${steps.join(", ")} s`,
    {
      details: { source: rows.source },
      hint: 'say the interval, for example interval: "1d"',
    },
  );
}

function calendarOf(rows: FileRows, intervalMs: IntervalMs, options: CheckOptions) {
  if (options.calendar !== undefined) return { calendar: options.calendar, reason: "as asked" };
  if (rows.length === 0) return { calendar: "24x7" as const, reason: "no rows" };
  const { calendar, reason } = inferCalendar(rows.time, intervalMs);
  return { calendar, reason: `inferred: ${reason}` };
}

function checkEnds(
  rows: FileRows,
  intervalMs: IntervalMs,
  calendar: TradingCalendar,
  options: CheckOptions,
  findings: FindingList,
): void {
  if (rows.length === 0) return;
  const first = rows.time[0]!;
  const last = rows.time[rows.length - 1]!;
  const { start, end } = options;
  if (
    start !== undefined &&
    tradingBuckets(calendar, Math.ceil(start / intervalMs) * intervalMs, first, intervalMs) > 0
  ) {
    const found = `the first row, after the start ${formatInstant(start)}`;
    findings.add("late-start", { row: rows.rowNumber(0), timeMs: first, column: null, found });
  }
  // Only a bucket that ends by the asked end can be missing.
  const wholeEnd = end === undefined ? last : Math.floor(end / intervalMs) * intervalMs;
  if (end !== undefined && tradingBuckets(calendar, last + intervalMs, wholeEnd, intervalMs) > 0) {
    const found = `the last row, before the end ${formatInstant(end)}`;
    findings.add("stale", { row: rows.rowNumber(rows.length - 1), timeMs: last, column: null, found });
  }
}

function withFields(rows: FileRows, wanted: readonly string[], findings: FindingList): Record<string, Float64Array> {
  const columns: Record<string, Float64Array> = { ...rows.columns };
  for (const field of wanted) {
    if (columns[field] !== undefined) continue;
    const near = nearestWord(field, Object.keys(rows.columns));
    const found = `no column "${field}"${near === undefined ? "" : `, but "${near}"`}`;
    findings.add("missing-column", { row: 1, timeMs: null, column: field, found });
    columns[field] = new Float64Array(rows.length).fill(Number.NaN);
  }
  return columns;
}

function withoutInfinity(
  columns: Record<string, Float64Array>,
  findings: readonly Finding[],
): Record<string, Float64Array> {
  if (!findings.some((finding) => finding.rule === "infinite")) return columns;
  return Object.fromEntries(
    Object.entries(columns).map(([field, column]) => [
      field,
      column.map((value) => (Number.isFinite(value) ? value : Number.NaN)),
    ]),
  );
}

function qualityRecord(
  source: string,
  stream: string,
  frame: Frame,
  gaps: { readonly missingBuckets: number; readonly longestGapMs: number },
  findings: readonly Finding[],
): DataQuality {
  let digest: string | undefined;
  return {
    source,
    stream,
    rows: frame.length,
    firstMs: frame.time[0] ?? null,
    lastMs: frame.time[frame.length - 1] ?? null,
    intervalMs: frame.intervalMs,
    ...gaps,
    findings: findings.map(({ rule, count, message }) => ({ rule, count, example: message })),
    // Hashing 50 MB takes longer than many a run: done when somebody asks.
    get digest() {
      return (digest ??= digestColumns({ time: frame.time, ...frame.columns }));
    },
  };
}

function emptyNote(rows: FileRows, options: CheckOptions): string {
  if (rows.length === 0) return "no rows";
  const range = `${options.start === undefined ? "" : formatInstant(options.start)}..${options.end === undefined ? "" : formatInstant(options.end)}`;
  return `no rows in ${range}; the file has ${formatInstant(rows.time[0]!)} to ${formatInstant(rows.time[rows.length - 1]!)}`;
}

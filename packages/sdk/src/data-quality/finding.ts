import { formatInstant, type ErrorCode } from "@qmtl/core";

/** What can be wrong with rows. The words an author uses in `allow`. */
export type QualityRule = keyof typeof qualityRules;

export interface Finding {
  readonly rule: QualityRule;
  readonly severity: "error" | "warning";
  /** Rows (for gaps: missing buckets) it was found in. */
  readonly count: number;
  /** One sentence that names file, first row, value and expectation. */
  readonly message: string;
  /** The first places, at most five. */
  readonly places: readonly FindingPlace[];
}

export interface FindingPlace {
  readonly row: number; // as in the file
  readonly timeMs: number | null;
  readonly column: string | null;
  readonly found: string;
}

interface RuleText {
  readonly severity: "error" | "warning";
  readonly code: ErrorCode;
  readonly expected: string;
  /** What happens to the rows when the author allows it. */
  readonly whenAllowed: string;
}

/** Every rule: how grave it is, and what becomes of the rows when it is allowed. */
export const qualityRules = {
  empty: { severity: "error", code: "DATA_EMPTY", expected: "at least one row", whenAllowed: "the stream has no rows" },
  "epoch-unit": {
    severity: "error",
    code: "DATA_TIME_UNIT",
    expected: 'a unit that the numbers prove (say timeFormat: "epoch-s", "epoch-ms", "epoch-us" or "epoch-ns")',
    whenAllowed: "the unit is taken by size",
  },
  "missing-time": {
    severity: "error",
    code: "DATA_INVALID",
    expected: "a time in every row",
    whenAllowed: "rows without a time are left out",
  },
  "nonexistent-time": {
    severity: "error",
    code: "DATA_INVALID",
    expected: "a local time that exists in the zone",
    whenAllowed: "the time is moved past the clock change",
  },
  "off-grid": {
    severity: "error",
    code: "DATA_INVALID",
    expected: "times that are whole multiples of the interval",
    whenAllowed: "each row takes the start of the bucket it lies in",
  },
  unsorted: {
    severity: "error",
    code: "DATA_UNSORTED",
    expected: "rows from oldest to newest",
    whenAllowed: "rows are sorted by time",
  },
  duplicate: {
    severity: "error",
    code: "DATA_DUPLICATE",
    expected: "one row per time",
    whenAllowed: "the last of them in the file is kept",
  },
  gap: {
    severity: "error",
    code: "DATA_GAP",
    expected: "a row in every bucket in which the instrument trades",
    whenAllowed: "gaps stay gaps",
  },
  "late-start": {
    severity: "error",
    code: "DATA_GAP",
    expected: "rows from the start that was asked for",
    whenAllowed: "the run starts with the first row",
  },
  stale: {
    severity: "error",
    code: "DATA_STALE",
    expected: "rows up to the end that was asked for",
    whenAllowed: "the run ends with the last row",
  },
  "missing-column": {
    severity: "error",
    code: "FIELD_UNKNOWN",
    expected: "every column that is asked for",
    whenAllowed: "the field is absent (NaN) in every row",
  },
  "missing-value": {
    severity: "error",
    code: "DATA_INVALID",
    expected: "a number",
    whenAllowed: "the value is absent (NaN)",
  },
  infinite: {
    severity: "error",
    code: "DATA_INVALID",
    expected: "a finite number",
    whenAllowed: "the value becomes absent (NaN)",
  },
  "price-not-positive": {
    severity: "error",
    code: "DATA_INVALID",
    expected: "a price above 0",
    whenAllowed: "the price is kept",
  },
  "high-below-low": {
    severity: "error",
    code: "DATA_INVALID",
    expected: "high at or above low",
    whenAllowed: "the row is kept",
  },
  "outside-range": {
    severity: "error",
    code: "DATA_INVALID",
    expected: "open and close between low and high",
    whenAllowed: "the row is kept",
  },
  "negative-volume": {
    severity: "error",
    code: "DATA_INVALID",
    expected: "a volume of 0 or more",
    whenAllowed: "the volume is kept",
  },
  "possible-holiday": {
    severity: "warning",
    code: "DATA_GAP",
    expected: "a row on every weekday, or a calendar that knows the holidays",
    whenAllowed: "gaps stay gaps",
  },
  jump: {
    severity: "warning",
    code: "DATA_INVALID",
    expected: "closes that move less from one row to the next",
    whenAllowed: "the row is kept",
  },
  "interval-assumed": {
    severity: "warning",
    code: "INTERVAL_INVALID",
    expected: "enough rows to see the interval",
    whenAllowed: "the interval is a guess from the form of the times",
  },
} as const satisfies Record<string, RuleText>;

export function ruleText(rule: QualityRule): RuleText {
  return qualityRules[rule];
}

const placesMax = 5;

/** Collects what is found, rule by rule. */
export class FindingList {
  readonly #byRule = new Map<
    QualityRule,
    { count: number; readonly places: FindingPlace[]; note: string | undefined }
  >();

  add(rule: QualityRule, place: FindingPlace | undefined, count = 1, note?: string): void {
    let entry = this.#byRule.get(rule);
    if (entry === undefined) {
      entry = { count: 0, places: [], note };
      this.#byRule.set(rule, entry);
    }
    entry.count += count;
    if (place !== undefined && entry.places.length < placesMax) entry.places.push(place);
  }

  /** Errors first, then in the order of `qualityRules`. */
  findings(fileName: string): Finding[] {
    const rules = (Object.keys(qualityRules) as QualityRule[]).filter((rule) => this.#byRule.has(rule));
    return rules.map((rule) => {
      const { count, places, note } = this.#byRule.get(rule)!;
      const { severity, expected } = qualityRules[rule];
      return { rule, severity, count, places, message: sentence(fileName, places[0], expected, count, note) };
    });
  }
}

function sentence(
  fileName: string,
  place: FindingPlace | undefined,
  expected: string,
  count: number,
  note: string | undefined,
): string {
  const where =
    place === undefined
      ? ""
      : ` row ${place.row}${when(place)}${place.column === null ? "" : `, column "${place.column}"`}`;
  const found = place?.found ?? note ?? "none";
  const more = count > 1 ? ` (${count} in all)` : "";
  return `${fileName}${where}: expected ${expected}; found ${found}${more}`;
}

function when(place: FindingPlace): string {
  if (place.timeMs === null || !Number.isFinite(place.timeMs)) return "";
  return ` (${formatInstant(place.timeMs)
    .replace(/T00:00:00\.000Z$/, "")
    .replace(/\.000Z$/, "Z")})`;
}

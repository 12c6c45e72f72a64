import { nearestWord, shown } from "@qmtl/core";
import { formatError } from "./cell-error.ts";
import type { ReadOptions } from "./read-options.ts";

/** What each column of a file is read as, in file order. */
export interface ColumnPlan {
  readonly names: readonly string[];
  /** Field name per column; empty: not read. */
  readonly fields: readonly string[];
  readonly timeIndex: number;
  /** True where a cell that is no number is an error; elsewhere the first value decides number or text. */
  readonly mustBeNumber: readonly boolean[];
}

const columnCountMax = 512;

// The most telling name first: a file may carry several.
const timeNames = [
  "timestamp",
  "datetime",
  "opentime",
  "opentimeinmillis",
  "opentimems",
  "opentimeiniso",
  "timestampms",
  "timems",
  "ts",
  "unixtime",
  "unix",
  "epoch",
  "date",
  "time",
  "day",
  "t",
];

const fieldAliases: Readonly<Record<string, string>> = {
  open: "open",
  o: "open",
  openprice: "open",
  high: "high",
  h: "high",
  highprice: "high",
  low: "low",
  l: "low",
  lowprice: "low",
  close: "close",
  c: "close",
  closeprice: "close",
  volume: "volume",
  vol: "volume",
  v: "volume",
};

const standardFields = new Set(["open", "high", "low", "close", "volume"]);

/**
 * Decides which column is the time, and which field each of the others becomes.
 *
 * @throws QmtlError `DATA_FORMAT` for no time column, doubled names, too many columns, or a mapping to a column
 *   that is not there
 */
export function planColumns(source: string, header: readonly string[], options: ReadOptions): ColumnPlan {
  if (header.length > columnCountMax) {
    throw formatError(source, `a bar file has at most ${columnCountMax} columns; found ${header.length}`);
  }
  const names = header.map((name) => name.trim());
  refuseDoubles(source, names);
  const mapped = mappedColumns(source, names, options);
  const timeIndex = mapped.get("time") ?? findTime(source, names);
  const fields = names.map((name) => fieldAliases[plain(name)] ?? name);
  const mustBeNumber = fields.map((field) => standardFields.has(field));
  for (const [field, index] of mapped) {
    const usual = fields.indexOf(field);
    // The usual column of that field keeps its own name, next to the one the author chose.
    if (usual >= 0 && usual !== index) {
      fields[usual] = names[usual] === field ? `${field}_file` : names[usual]!;
    }
    fields[index] = field;
    mustBeNumber[index] = true;
  }
  fields[timeIndex] = "time";
  refuseDoubles(source, fields);
  return { names, fields, timeIndex, mustBeNumber };
}

function mappedColumns(source: string, names: readonly string[], options: ReadOptions): Map<string, number> {
  const mapped = new Map<string, number>();
  for (const [field, wanted] of Object.entries(options.columns ?? {})) {
    let index = names.indexOf(wanted);
    if (index < 0) index = names.findIndex((name) => name.toLowerCase() === wanted.toLowerCase());
    if (index < 0) {
      const near = nearestWord(wanted, names);
      throw formatError(
        source,
        `option columns maps "${field}" to column ${shown(wanted)}, which is not there; found ${listed(names)}`,
        near === undefined ? undefined : `did you mean "${near}"?`,
      );
    }
    mapped.set(field, index);
  }
  return mapped;
}

function findTime(source: string, names: readonly string[]): number {
  const plainNames = names.map(plain);
  const best = timeNames.find((name) => plainNames.includes(name));
  if (best === "date" && plainNames.includes("time")) {
    throw formatError(
      source,
      'there is a column "date" and a column "time", so neither alone is known to be the bar\'s time',
      'name it, for example columns: { time: "date" }; a date and a time of day must be one column',
    );
  }
  if (best !== undefined) return plainNames.indexOf(best);
  throw formatError(
    source,
    `no time column; expected one named timestamp, date, datetime, time or ts; found ${listed(names)}`,
    'name it with columns: { time: "..." }, or give header: [...] when the file has no header row',
  );
}

function refuseDoubles(source: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (name === "__proto__") throw formatError(source, 'a column cannot be named "__proto__"');
    if (name !== "" && seen.has(name)) {
      throw formatError(source, `two columns are named "${name}"`, "rename one, or map the one you want with columns");
    }
    seen.add(name);
  }
}

function listed(names: readonly string[]): string {
  const text = names.slice(0, 12).map((name) => JSON.stringify(name));
  return names.length > 12 ? `${text.join(", ")} and ${names.length - 12} more` : text.join(", ");
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

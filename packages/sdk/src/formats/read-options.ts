/** How the texts or numbers of a time column are to be read. Without it the file has to prove its form. */
export type TimeFormat =
  "iso" | "MM/DD/YYYY" | "DD/MM/YYYY" | "YYYY/MM/DD" | "YYYYMMDD" | "epoch-s" | "epoch-ms" | "epoch-us" | "epoch-ns";

export const timeFormats: readonly TimeFormat[] = [
  "iso",
  "MM/DD/YYYY",
  "DD/MM/YYYY",
  "YYYY/MM/DD",
  "YYYYMMDD",
  "epoch-s",
  "epoch-ms",
  "epoch-us",
  "epoch-ns",
];

export interface ReadOptions {
  /**
   * Field to column name in the file, where the names differ: `{ time: "Date", close: "Adj Close" }`. Columns that
   * are not named here keep the usual mapping (any case, `o`, `vol`, `openTime`, ...).
   */
  readonly columns?: Readonly<Record<string, string>>;
  /** Column names of a CSV file that has no header row. */
  readonly header?: readonly string[];
  /** Default: whichever of comma, semicolon, tab and bar the header line has most of. */
  readonly delimiter?: "," | ";" | "\t" | "|";
  /** Decimal mark of a CSV file. Default: a point. */
  readonly decimal?: "." | ",";
  readonly timeFormat?: TimeFormat;
  /**
   * IANA zone of times that carry no offset; default UTC. In the hour that a clock change repeats, a time means
   * its first occurrence unless the row before is already past that; in the hour a change leaves out, it means the
   * same time after the change and the quality check reports it. Days without a time of day are not shifted.
   */
  readonly timeZone?: string;
  readonly signal?: AbortSignal;
}

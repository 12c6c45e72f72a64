/**
 * What a reader hands over: the rows of one file as columns, in file order, nothing judged yet. Rows may be out
 * of order, doubled or absurd; `checkRows` of `data-quality` says so.
 */
export interface FileRows {
  readonly source: string; // path as given
  readonly length: number;
  /** UTC milliseconds as stamped in the file; NaN where the cell is empty. */
  readonly time: Float64Array;
  readonly timeReading: TimeReading;
  /** Numeric columns by field name; NaN where a cell is empty. */
  readonly columns: Readonly<Record<string, Float64Array>>;
  /** Columns of text, which are left out. */
  readonly ignored: readonly string[];
  /** Where row `index` stands in the file: line of a text file (header is 1), else 1-based row. */
  readonly rowNumber: (index: number) => number;
}

/** How the time column was understood. */
export interface TimeReading {
  readonly column: string; // its name in the file
  readonly description: string; // for people: "epoch ms, by size", "MM/DD/YYYY, UTC"
  /** Every time is a calendar day (midnight where it was stamped): the day is the UTC day of that date. */
  readonly isDays: boolean;
  /** Set when an epoch unit was guessed and another reading is plausible. */
  readonly ambiguousUnit?: string;
  /** Rows whose local time does not exist in the zone: a clock change left it out. */
  readonly nonexistentLocal: readonly { readonly index: number; readonly text: string }[];
}

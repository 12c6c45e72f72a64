import { renderTable, type Palette } from "../shell/index.ts";

/** Fields of a record, one a line, names padded; what is absent is left out. */
export function fields(record: Readonly<Record<string, unknown>>, palette: Palette): string {
  const shown = Object.entries(record).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${palette.dim(name.padEnd(width))}  ${plain(value)}`).join("\n");
}

/** Records as a table with these columns. */
export function table(
  columns: readonly string[],
  records: readonly Readonly<Record<string, unknown>>[],
  palette: Palette,
): Promise<string> {
  return renderTable(
    columns.map((title) => ({ title })),
    records.map((record) => columns.map((column) => plain(record[column]))),
    palette,
  );
}

export function plain(value: unknown): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return value.join(", ") || "–";
  return JSON.stringify(value);
}

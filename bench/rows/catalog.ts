import { fileURLToPath } from "node:url";
import { Catalog } from "@qmtl/sdk/catalog";
import { minuteBars } from "../harness/bars.ts";
import { requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { freshProcess } from "../harness/fresh-process.ts";
import { requireBuiltPackage } from "../harness/package.ts";
import type { Bench } from "../harness/row.ts";
import { repeated, sampleOf } from "../harness/timing.ts";
import { digestColumns } from "@qmtl/core/identity";

const script = fileURLToPath(new URL("../fresh/open-catalog.ts", import.meta.url));

/** A dataset imported earlier, opened by a process that has just started and knows nothing of it. */
export const catalog: Bench = {
  name: "catalog",
  summary: "reopen 1 M rows × 6 columns from the catalog, checksums included",
  async run({ rows, rounds }) {
    requireBuiltPackage();
    const folder = temporaryFolder();
    const bars = minuteBars(rows);
    const dataset = new Catalog(folder).dataset("bars");
    await dataset.append(bars);
    const { time, columns } = await dataset.read();
    requireSame(
      "rows read back",
      digestColumns({ time, ...columns }),
      digestColumns({ time: bars.time, ...bars.columns }),
    );
    const reopen = async () => {
      const { output } = await freshProcess(process.execPath, [script, folder, "bars"]);
      const { openMs, length } = JSON.parse(output) as { openMs: number; length: number };
      requireSame("rows opened", length, rows);
      return openMs;
    };
    return [
      {
        workload: "reopen 1 M × 6 from the catalog, fresh process",
        ours: sampleOf(await repeated({ time: reopen, warmUps: 1 }, rounds), "ms"),
        must: { atMost: 30 },
      },
    ];
  },
};

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Runner } from "@qmtl/sdk";
import { loaded, minuteBars, writeColumns } from "../harness/bars.ts";
import { requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { freshProcess } from "../harness/fresh-process.ts";
import { requireBuiltPackage } from "../harness/package.ts";
import type { Bench } from "../harness/row.ts";
import { sampleOf } from "../harness/timing.ts";
import { SmaCross, vectorbtBroker } from "./sma-cross.ts";

const script = fileURLToPath(new URL("../fresh/sma-cross.ts", import.meta.url));

/** A program of its own on the published package: 48 MB of bars, the run, every record and metric read. */
export const memory: Bench = {
  name: "memory",
  summary: "1 M-bar run in a process of its own: peak memory",
  async run({ rows, rounds }) {
    requireBuiltPackage();
    const bars = minuteBars(rows);
    const file = join(temporaryFolder(), "bars.f64");
    writeColumns(file, bars);
    const expected = await Runner.offline(SmaCross, { data: loaded(bars), broker: vectorbtBroker });
    const peaks: number[] = [];
    const walls: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { output, wallMs } = await freshProcess(process.execPath, [script, file, String(rows), "records"]);
      const { finalEquity, trades, peakMemoryMb } = JSON.parse(output) as Record<string, number>;
      requireSame("final equity", finalEquity, expected.equity.at(-1));
      requireSame("trades", trades, expected.trades.length);
      peaks.push(peakMemoryMb!);
      walls.push(wallMs);
    }
    return [
      { workload: "1 M-bar run, peak memory", ours: sampleOf(peaks, "MB"), must: { atMost: 250 } },
      { workload: "1 M-bar run, process start to end", ours: sampleOf(walls, "ms") },
    ];
  },
};

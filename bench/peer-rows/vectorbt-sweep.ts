import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sweep } from "@qmtl/sdk/sweep";
import { bytesOf } from "../harness/bars.ts";
import { requireNear, requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { PeerProcess } from "../harness/peer-process.ts";
import type { Bench, Row } from "../harness/row.ts";
import { inProcess, inTurns, peakMemoryMb, sampleOf } from "../harness/timing.ts";
import { DailySmaCross, sweepData, sweepOptions, sweepRows } from "../rows/daily-sweep.ts";

interface Best {
  readonly runs: number;
  readonly fast: number;
  readonly slow: number;
  readonly instrument: number;
  readonly totalReturn: number;
}

const engines = [
  { engine: "numba", name: "vectorbt", must: { ratioAtLeast: 30 } },
  { engine: "rust", name: "vectorbt-rust" },
] as const;

export const vectorbtSweep: Bench = {
  name: "vectorbt-sweep",
  summary: "4,851 SMA pairs × 3 instruments × 2,978 bars against vectorbt, both warm",
  async run({ quick, rounds }) {
    const periodMax = quick ? 33 : 100;
    const data = sweepData();
    const file = join(temporaryFolder(), "closes.f64");
    writeFileSync(file, Buffer.concat(Object.values(data).map(({ columns }) => bytesOf(columns["close"]!))));
    const run = async (): Promise<Best> => {
      const { best, table } = await sweep(DailySmaCross, sweepOptions(periodMax));
      const { params, instrument, metrics } = best!;
      return {
        runs: table.length,
        fast: params["fast"] as number,
        slow: params["slow"] as number,
        instrument: Object.keys(data).indexOf(instrument),
        totalReturn: metrics.totalReturn!,
      };
    };
    const table: Row[] = [];
    for (const { engine, name, ...rest } of engines) {
      using peer = new PeerProcess("vectorbt_sweep", [file, ...[sweepRows, 3, periodMax].map(String), engine]);
      const [ours, theirs] = [await run(), (await peer.call<Best>("run")).result];
      for (const key of ["runs", "fast", "slow", "instrument"] as const) requireSame(key, ours[key], theirs[key]);
      requireNear("total return of the best pair", ours.totalReturn, theirs.totalReturn);
      const times = await inTurns(inProcess(run), peer.side("run", {}, 1), Math.ceil(rounds / 2));
      table.push({
        workload: `sweep of ${ours.runs.toLocaleString("en")} runs, warm`,
        ours: sampleOf(times.ours, "ms"),
        peer: { name, ...sampleOf(times.peer, "ms") },
        ...rest,
        peakMemoryMb: { ours: peakMemoryMb(), peer: peer.peakMemoryMb },
      });
    }
    return table;
  },
};

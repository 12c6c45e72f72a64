import { fileURLToPath } from "node:url";
import { requireSame } from "../harness/equality.ts";
import { freshProcess } from "../harness/fresh-process.ts";
import type { Bench } from "../harness/row.ts";
import { sampleOf } from "../harness/timing.ts";

const script = fileURLToPath(new URL("../fresh/sweep.ts", import.meta.url));
const workerCounts = [1, 2, 4] as const;

interface SweepOutput {
  readonly digest: string;
  readonly runs: number;
  readonly sweepMs: number;
  readonly peakMemoryMb: number;
}

/** 4,851 pairs on three instruments, cold: with 1, 2 and 4 workers, which have to give the same bytes. */
export const sweep: Bench = {
  name: "sweep",
  summary:
    "4,851 SMA pairs × 3 instruments × 2,978 bars: same bytes with 1, 2, 4 workers, time, memory (peers: vectorbt-sweep)",
  async run({ quick, rounds }) {
    const periodMax = quick ? 33 : 100;
    const outputs = workerCounts.map((): SweepOutput[] => []);
    for (let round = 0; round < Math.ceil(rounds / 2); round++) {
      for (const [index, workers] of workerCounts.entries()) {
        const { output } = await freshProcess(process.execPath, [script, String(periodMax), String(workers)]);
        outputs[index]!.push(JSON.parse(output) as SweepOutput);
      }
    }
    const first = outputs[0]![0]!;
    for (const { digest } of outputs.flat()) requireSame("digest of the sweep", digest, first.digest);
    const timed = workerCounts.map((workers, index) => ({
      workload: `sweep of ${first.runs.toLocaleString("en")} runs, ${workers} worker${workers === 1 ? "" : "s"}, fresh process`,
      ours: sampleOf(
        outputs[index]!.map(({ sweepMs }) => sweepMs),
        "ms",
      ),
    }));
    const peaks = outputs.flat().map(({ peakMemoryMb }) => peakMemoryMb);
    return [
      ...timed,
      { workload: "the same sweeps, peak memory", ours: sampleOf([Math.max(...peaks)], "MB"), must: { atMost: 300 } },
    ];
  },
};

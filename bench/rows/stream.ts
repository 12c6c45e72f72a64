import { Runner } from "@qmtl/sdk";
import { loaded, minuteBars } from "../harness/bars.ts";
import type { Bench } from "../harness/row.ts";
import { inProcess, peakMemoryMb, repeated, sampleOf } from "../harness/timing.ts";
import { requireSameRun } from "./same-run.ts";
import { SmaCross, vectorbtBroker } from "./sma-cross.ts";

/** Event by event: what a live strategy costs per bar when nothing waits. */
export const stream: Bench = {
  name: "stream",
  summary: "the same through the stream executor, per bar",
  async run({ rows, rounds }) {
    const data = loaded(minuteBars(rows));
    const options = { data, broker: vectorbtBroker } as const;
    const [inBatch, inStream] = [
      await Runner.offline(SmaCross, options),
      await Runner.offline(SmaCross, { ...options, executor: "stream" }),
    ];
    requireSameRun("batch and stream", inStream, inBatch);
    const times = await repeated(
      inProcess(async () => {
        const { trades, metrics } = await Runner.offline(SmaCross, { ...options, executor: "stream", keep: "none" });
        return [trades, metrics];
      }),
      rounds,
    );
    return [
      {
        workload: "SMA cross, stream executor and broker, per bar",
        ours: sampleOf(times, "ns", 1e6 / rows),
        must: { atMost: 150 },
        peakMemoryMb: { ours: peakMemoryMb() },
      },
    ];
  },
};

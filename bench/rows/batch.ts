import { Runner } from "@qmtl/sdk";
import { loaded, minuteBars } from "../harness/bars.ts";
import type { Bench } from "../harness/row.ts";
import { inProcess, peakMemoryMb, repeated, sampleOf } from "../harness/timing.ts";
import { requireSameRun } from "./same-run.ts";
import { SmaCross, vectorbtBroker } from "./sma-cross.ts";

/** The columns executor through everything a run gives: fees, orders, trades, equity, drawdown, Sharpe ratio. */
export const batch: Bench = {
  name: "batch",
  summary: "SMA(10, 50) cross with broker through Runner.offline, batch, per bar (peers: cross)",
  async run({ rows, rounds }) {
    const data = loaded(minuteBars(rows));
    const options = { data, broker: vectorbtBroker, keep: "none" } as const;
    requireSameRun("two runs", await Runner.offline(SmaCross, options), await Runner.offline(SmaCross, options));
    const times = await repeated(
      inProcess(async () => {
        const { trades, metrics } = await Runner.offline(SmaCross, options);
        return [trades, metrics];
      }),
      rounds,
    );
    return [
      {
        workload: "SMA cross, batch executor and broker, per bar",
        ours: sampleOf(times, "ns", 1e6 / rows),
        peakMemoryMb: { ours: peakMemoryMb() },
      },
    ];
  },
};

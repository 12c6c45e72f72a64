import { join } from "node:path";
import { sliceFrame } from "@qmtl/engine/frame";
import { Runner, type BrokerOptions } from "@qmtl/sdk";
import { loaded, minuteBars, writeColumns } from "../harness/bars.ts";
import { requireNear, requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { PeerProcess } from "../harness/peer-process.ts";
import type { Bench } from "../harness/row.ts";
import { inProcess, inTurns, peakMemoryMb, sampleOf } from "../harness/timing.ts";
import { feeRate, SmaCross } from "../rows/sma-cross.ts";

const broker = {
  semantics: "backtesting.py",
  cash: 100_000,
  fees: { kind: "percent", rate: feeRate },
} as const satisfies Partial<BrokerOptions>;

export const backtesting: Bench = {
  name: "backtesting",
  summary: "SMA(10, 50) cross through the stream executor against backtesting.py, per bar",
  async run({ rows, rounds }) {
    const bars = minuteBars(rows);
    const peerRows = rows / 10;
    const file = join(temporaryFolder(), "bars.f64");
    writeColumns(file, sliceFrame(bars, 0, peerRows));
    using peer = new PeerProcess("backtesting_cross", [file, String(peerRows)]);

    const few = await Runner.offline(SmaCross, { data: loaded(bars, 0, peerRows), broker, executor: "stream" });
    const { result } = await peer.call<{ trades: number; finalEquity: number }>("run");
    requireSame("closed trades", few.trades.filter((trade) => !trade.open).length, result.trades);
    requireNear("final equity", few.equity.at(-1)!, result.finalEquity);

    const data = loaded(bars);
    const ours = inProcess(async () => {
      const { trades, metrics } = await Runner.offline(SmaCross, { data, broker, executor: "stream", keep: "none" });
      return [trades, metrics];
    });
    const times = await inTurns(ours, peer.side("run", {}, 1), Math.ceil(rounds / 2));
    return [
      {
        workload: "SMA cross, stream executor and broker, per bar",
        ours: sampleOf(times.ours, "ns", 1e6 / rows),
        peer: { name: "backtesting.py", ...sampleOf(times.peer, "ns", 1e6 / peerRows) },
        must: { ratioAtLeast: 50 },
        peakMemoryMb: { ours: peakMemoryMb(), peer: peer.peakMemoryMb },
        note: "backtesting.py runs a tenth of the bars; its time is divided by as many",
      },
    ];
  },
};

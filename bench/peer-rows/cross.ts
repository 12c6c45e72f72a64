import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Runner } from "@qmtl/sdk";
import { loaded, minuteBars, writeColumns } from "../harness/bars.ts";
import { requireNear, requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { freshProcess } from "../harness/fresh-process.ts";
import { requireBuiltPackage } from "../harness/package.ts";
import { peerScript, PeerProcess, python } from "../harness/peer-process.ts";
import type { Bench, Row } from "../harness/row.ts";
import { inProcess, inTurns, peakMemoryMb, sampleOf } from "../harness/timing.ts";
import { SmaCross, vectorbtBroker } from "../rows/sma-cross.ts";

// Untimed runs of either side: ours is compiled whole after about as many.
const warmUps = 15;

/** What both sides say about a run. */
interface Figures {
  readonly trades: number;
  readonly orders: number;
  readonly finalEquity: number;
  readonly maxDrawdown: number;
  readonly sharpe: number;
}
type ColdFigures = Figures & { readonly peakMemoryMb: number };

const freshScript = fileURLToPath(new URL("../fresh/closes-cross.ts", import.meta.url));
const engines = [
  { engine: "numba", name: "vectorbt", warm: { ratioAtLeast: 10 }, cold: { ratioAtLeast: 50 } },
  { engine: "rust", name: "vectorbt-rust" }, // an extra package; the table asks for vectorbt
] as const;

export const cross: Bench = {
  name: "cross",
  summary: "SMA(10, 50) cross through Runner.offline against vectorbt, warm and cold",
  async run({ rows, rounds }) {
    requireBuiltPackage();
    const file = join(temporaryFolder(), "bars.f64");
    const bars = minuteBars(rows);
    writeColumns(file, bars);
    const data = loaded(bars);
    const run = async (): Promise<Figures> => {
      const { trades, orders, equity, metrics } = await Runner.offline(SmaCross, {
        data,
        broker: vectorbtBroker,
        returnsBasis: "bar", // as vectorbt
        keep: "none",
      });
      const { maxDrawdown, sharpe } = metrics;
      return {
        trades: trades.length,
        orders: orders.length,
        finalEquity: equity.at(-1)!,
        maxDrawdown,
        sharpe: sharpe ?? Number.NaN,
      };
    };

    const table: Row[] = [];
    for (const each of engines) {
      using peer = new PeerProcess("vectorbt_cross", [file, String(rows), each.engine]);
      requireSameFigures(`${each.name}, warm`, await run(), (await peer.call<Figures>("run")).result);
      const times = await inTurns(inProcess(run, warmUps), peer.side("run", {}, warmUps), rounds);
      table.push({
        workload: "SMA cross, 1 M bars, warm",
        ours: sampleOf(times.ours, "ms"),
        peer: { name: each.name, ...sampleOf(times.peer, "ms") },
        ...("warm" in each && { must: each.warm }),
        peakMemoryMb: { ours: peakMemoryMb(), peer: peer.peakMemoryMb },
      });
    }

    // Both sides compile once and keep that on disk: Numba in its cache, Node.js in this folder.
    const env = { ...process.env, NODE_COMPILE_CACHE: temporaryFolder() };
    for (const each of engines) {
      const peaks = { ours: 0, peer: 0 };
      const cold = async (side: "ours" | "peer") => {
        const { wallMs, output } =
          side === "ours"
            ? await freshProcess(process.execPath, [freshScript, file, String(rows)], env)
            : await freshProcess(python, [peerScript("vectorbt_cross"), file, String(rows), each.engine, "once"]);
        const figures = JSON.parse(output) as ColdFigures;
        peaks[side] = Math.max(peaks[side], figures.peakMemoryMb);
        return { wallMs, figures };
      };
      requireSameFigures(`${each.name}, cold`, (await cold("ours")).figures, (await cold("peer")).figures);
      const side = (which: "ours" | "peer") => ({ time: async () => (await cold(which)).wallMs, warmUps: 0 });
      const times = await inTurns(side("ours"), side("peer"), Math.ceil(rounds / 2));
      table.push({
        workload: "SMA cross, 1 M bars, cold, process start to end",
        ours: sampleOf(times.ours, "ms"),
        peer: { name: each.name, ...sampleOf(times.peer, "ms") },
        ...("cold" in each && { must: each.cold }),
        peakMemoryMb: peaks,
      });
    }
    return table;
  },
};

function requireSameFigures(what: string, ours: Figures, theirs: Figures): void {
  requireSame(`trades (${what})`, ours.trades, theirs.trades);
  requireSame(`orders (${what})`, ours.orders, theirs.orders);
  requireNear(`final equity (${what})`, ours.finalEquity, theirs.finalEquity);
  requireNear(`maximum drawdown (${what})`, ours.maxDrawdown, theirs.maxDrawdown);
  requireNear(`Sharpe ratio (${what})`, ours.sharpe, theirs.sharpe);
}

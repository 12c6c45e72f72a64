import { ema, Runner, Strategy, StreamInput, type Node, type RunResult, type StrategyOptions } from "@qmtl/sdk";
import { StreamExecutor } from "@qmtl/engine/execute";
import { prepareRun } from "@qmtl/sdk/runner";
import { loaded, minuteBars } from "../harness/bars.ts";
import { requireSame } from "../harness/equality.ts";
import type { Bench, Row } from "../harness/row.ts";
import { inProcess, inTurns, sampleOf } from "../harness/timing.ts";
import { resultDigests } from "@qmtl/sdk/runs";

const strategyCount = 100;
const sharedCount = 9;
const must = { ratioAtLeast: 7.8 } as const; // ideal: 1,000 nodes over 109

/** A stream, nine averages one on top of the other that every strategy has, and one that only this one has. */
class OneOfMany extends Strategy<{ own: number }> {
  static override readonly defaults = { own: 20 };

  setup(): void {
    const price = new StreamInput({ interval: "1m" });
    let last: Node = price;
    this.addNodes(price);
    for (let node = 0; node < sharedCount; node++) this.addNodes((last = ema(last, 5 + node)));
    this.addNodes(ema(last, this.params.own));
  }
}

function strategies(): OneOfMany[] {
  return Array.from({ length: strategyCount }, (_, index) => {
    const options: StrategyOptions<{ own: number }> = { params: { own: 20 + index } };
    return new OneOfMany(options);
  });
}

/** Strategies that share nodes, run together and one by one. */
export const sharing: Bench = {
  name: "sharing",
  summary: "100 strategies of 10 nodes, 9 of them shared, against each by itself: time and node state",
  async run({ quick, rounds }) {
    const rows: Row[] = [];
    for (const executor of ["batch", "stream"] as const) {
      const data = loaded(minuteBars((executor === "batch" ? 100_000 : 20_000) / (quick ? 10 : 1)));
      const together = async (keep: "all" | "none") => Runner.offline(strategies(), { data, executor, keep });
      const apart = async (keep: "all" | "none") => {
        const results: RunResult[] = [];
        for (const strategy of strategies()) results.push(await Runner.offline(strategy, { data, executor, keep }));
        return results;
      };
      const [ours, theirs] = [digestsOf(await together("all")), digestsOf(await apart("all"))];
      ours.forEach((digest, index) => requireSame(`strategy ${index}, ${executor}`, digest, theirs[index]));
      const times = await inTurns(
        inProcess(() => together("none")),
        inProcess(() => apart("none")),
        rounds,
      );
      rows.push({
        workload: `100 strategies × 10 nodes, 9 shared, ${executor}`,
        ours: sampleOf(times.ours, "ms"),
        peer: { name: "unshared", ...sampleOf(times.peer, "ms") },
        must,
      });
    }
    const shared = stateBytes(strategies());
    const unshared = strategies().reduce((sum, strategy) => sum + stateBytes([strategy]), 0);
    rows.push({
      workload: "100 strategies × 10 nodes, 9 shared, node state",
      ours: sampleOf([shared / 1_024], "kB"),
      peer: { name: "unshared", ...sampleOf([unshared / 1_024], "kB") },
      must,
    });
    return rows;
  },
};

function digestsOf(results: readonly RunResult[]): readonly string[] {
  return results.map((result) => resultDigests(result).hash);
}

/** Bytes of everything a stream's future depends on: rings, kernels, bookkeeping. */
function stateBytes(together: readonly Strategy[]): number {
  return numbersIn(new StreamExecutor(prepareRun(together).plan).save()) * 8;
}

function numbersIn(state: unknown): number {
  if (state instanceof Float64Array) return state.length;
  if (typeof state === "number") return 1;
  if (typeof state !== "object" || state === null) return 0;
  return Object.values(state).reduce((sum: number, part) => sum + numbersIn(part), 0);
}

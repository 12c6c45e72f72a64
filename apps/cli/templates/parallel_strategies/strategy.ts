import {
  crossover,
  explainSharing,
  followWorld,
  positionTarget,
  ProcessingNode,
  rsi,
  runArguments,
  Runner,
  runSummary,
  sma,
  Strategy,
  StreamInput,
  writeRun,
  type OfflineOptions,
} from "qmtl";
import { history, instrument } from "./market.ts";

// Every strategy makes its own nodes and knows nothing of the others. Nodes that are equal are one node to the Runner:
// the price and the slow average are computed once, whoever asks for them.

function dailyPrice(): StreamInput {
  return new StreamInput({ name: "price", interval: "1d", instrument, history });
}

/** In and out as a fast average crosses the slow one. */
abstract class Trend extends Strategy {
  abstract readonly fastBars: number;

  override setup(): void {
    const price = dailyPrice();
    const fast = sma(price, this.fastBars);
    const slow = sma(price, 200);
    const cross = crossover(fast, slow);
    this.addNodes(price, fast, slow, cross, positionTarget(cross, { instrument: price, long: 1, short: 0 }));
  }
}

export class QuickTrend extends Trend {
  readonly fastBars = 20;
}

export class SteadyTrend extends Trend {
  readonly fastBars = 50;
}

/** Buys dips, but only above the slow average. */
export class DipsInTrend extends Strategy {
  override setup(): void {
    const price = dailyPrice();
    const slow = sma(price, 200);
    const strength = rsi(price, 5);
    const signal = new ProcessingNode({
      name: "signal",
      input: { price, slow, strength },
      compute: (view) => {
        const strong = view.of("strength").value;
        const rises = view.of("price").value > view.of("slow").value;
        return strong > 60 || !rises ? -1 : strong < 30 ? 1 : 0;
      },
    });
    this.addNodes(price, slow, strength, signal);
    this.addNodes(positionTarget(signal, { instrument: price, long: 1, short: 0 }));
  }
}

/** How they are run, by `npm start` and by the `qmtl` command alike: an account each, and what trading costs. */
export const backtest: OfflineOptions = {
  broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } },
};

if (import.meta.main) {
  const strategies = [QuickTrend, SteadyTrend, DipsInTrend];
  const world = runArguments(process.argv.slice(2)); // node strategy.ts --world-id W --gateway-url http://127.0.0.1:8000
  if (world) {
    const runs = strategies.map((strategy) => followWorld(strategy, { ...backtest, ...world }));
    for (const result of await Promise.all(runs)) console.log(`${runSummary(result)}\n`);
  } else {
    for (const result of await Runner.offline(strategies, backtest)) {
      const run = await writeRun(result, { strategyFile: import.meta.filename, options: backtest });
      console.log(runSummary(result));
      console.log(`report: ${run.reportFile}\n`);
    }
    const { nodes, distinct, shared } = explainSharing(strategies);
    console.log(`${nodes} nodes in ${strategies.length} strategies, ${distinct} of them computed:`);
    for (const { name, strategies: readers } of shared) console.log(`  ${name} is shared by ${readers.join(", ")}`);
  }
}

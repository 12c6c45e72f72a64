import {
  followWorld,
  type OfflineOptions,
  positionTarget,
  ProcessingNode,
  rsi,
  runArguments,
  Runner,
  runSummary,
  Strategy,
  StreamInput,
  writeRun,
} from "qmtl";
import { history, instrument } from "./market.ts";

const defaults = { period: 5, oversold: 25, recovered: 55 };

/** Buys dips: invested from an oversold close on, until the relative strength index has recovered. */
export class BuyTheDip extends Strategy<typeof defaults> {
  static override readonly defaults = defaults;

  override setup(): void {
    const { period, oversold, recovered } = this.params;
    const price = new StreamInput({ name: "price", interval: "1d", instrument, history });
    const strength = rsi(price, { period, name: "strength" });
    const signal = new ProcessingNode({
      name: "signal",
      input: strength,
      params: { oversold, recovered },
      // 1 buys, -1 sells, 0 leaves the position as it is.
      compute: ({ value }, params) => (value < params.oversold ? 1 : value > params.recovered ? -1 : 0),
    });
    this.addNodes(price, strength, signal, positionTarget(signal, { instrument: price, long: 1, short: 0 }));
  }
}

/** How it is run, by `npm start` and by the `qmtl` command alike: one account, and what trading costs. */
export const backtest: OfflineOptions = {
  broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } },
};

if (import.meta.main) {
  const world = runArguments(process.argv.slice(2)); // node strategy.ts --world-id W --gateway-url http://127.0.0.1:8000
  if (world) {
    console.log(runSummary(await followWorld(BuyTheDip, { ...backtest, ...world })));
  } else {
    const result = await Runner.offline(BuyTheDip, backtest);
    const run = await writeRun(result, { strategyFile: import.meta.filename, options: backtest });
    console.log(runSummary(result));
    console.log(`report: ${run.reportFile}`);
  }
}

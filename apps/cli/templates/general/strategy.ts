import {
  followWorld,
  type OfflineOptions,
  positionTarget,
  runArguments,
  Runner,
  runSummary,
  Strategy,
  StreamInput,
  writeRun,
} from "qmtl";
import { momentum } from "./indicators/momentum.ts";
import { history, instrument } from "./market.ts";
import { threshold } from "./transforms/threshold.ts";

const defaults = { bars: 126, band: 0.02 };

/**
 * Time series momentum: invested while the last half year went up, out while it went down. Between the two lies a band
 * in which nothing is done, so that noise around zero does not trade.
 */
export class Momentum extends Strategy<typeof defaults> {
  static override readonly defaults = defaults;

  override setup(): void {
    const { bars, band } = this.params;
    const price = new StreamInput({ name: "price", interval: "1d", instrument, history });
    const change = momentum(price, bars);
    const signal = threshold(change, { lower: -band, upper: band });
    this.addNodes(price, change, signal, positionTarget(signal, { instrument: price, long: 1, short: 0 }));
  }
}

/** How it is run, by `npm start` and by the `qmtl` command alike: one account, and what trading costs. */
export const backtest: OfflineOptions = {
  broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } },
};

if (import.meta.main) {
  const world = runArguments(process.argv.slice(2)); // node strategy.ts --world-id W --gateway-url http://127.0.0.1:8000
  if (world) {
    console.log(runSummary(await followWorld(Momentum, { ...backtest, ...world })));
  } else {
    const result = await Runner.offline(Momentum, backtest);
    const run = await writeRun(result, { strategyFile: import.meta.filename, options: backtest });
    console.log(runSummary(result));
    console.log(`report: ${run.reportFile}`);
  }
}

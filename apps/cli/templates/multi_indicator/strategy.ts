import {
  ema,
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

const defaults = { fast: 20, slow: 100, rsiPeriod: 14, overbought: 75 };

/** Follows the trend of two averages, and steps aside while the market is overbought. */
export class FilteredTrend extends Strategy<typeof defaults> {
  static override readonly defaults = defaults;

  override setup(): void {
    const { rsiPeriod, overbought } = this.params;
    const price = new StreamInput({ name: "price", interval: "1d", instrument, history });
    const fast = ema(price, { period: this.params.fast, name: "fast" });
    const slow = ema(price, { period: this.params.slow, name: "slow" });
    const strength = rsi(price, { period: rsiPeriod, name: "strength" });
    const signal = new ProcessingNode({
      name: "signal",
      input: { fast, slow, strength },
      params: { overbought },
      compute: (view, params) => {
        const rises = view.of("fast").value > view.of("slow").value;
        return rises && view.of("strength").value < params.overbought ? 1 : -1;
      },
    });
    this.addNodes(price, fast, slow, strength, signal);
    this.addNodes(positionTarget(signal, { instrument: price, long: 1, short: 0 }));
  }
}

/** How it is run, by `npm start` and by the `qmtl` command alike: one account, and what trading costs. */
export const backtest: OfflineOptions = {
  broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } },
};

if (import.meta.main) {
  const world = runArguments(process.argv.slice(2)); // node strategy.ts --world-id W --gateway-url http://127.0.0.1:8000
  if (world) {
    console.log(runSummary(await followWorld(FilteredTrend, { ...backtest, ...world })));
  } else {
    const result = await Runner.offline(FilteredTrend, backtest);
    const run = await writeRun(result, { strategyFile: import.meta.filename, options: backtest });
    console.log(runSummary(result));
    console.log(`report: ${run.reportFile}`);
  }
}

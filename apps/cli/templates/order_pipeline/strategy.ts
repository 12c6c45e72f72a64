import {
  crossover,
  followWorld,
  type MarketHours,
  type OfflineOptions,
  OrderPublishNode,
  ProcessingNode,
  RiskControlNode,
  runArguments,
  Runner,
  runSummary,
  SizingNode,
  sma,
  Strategy,
  StreamInput,
  TimingGateNode,
  writeRun,
} from "qmtl";
import { history, instrument } from "./market.ts";

const defaults = { fast: 20, slow: 100, weight: 0.9, positionMax: 0.8, drawdownMax: 0.3 };

/** Orders leave in the evening of a trading day, New York time: that is when its daily bar is complete. */
const evening: MarketHours = { timeZone: "America/New_York", regularStart: "16:00", regularEnd: "21:00" };

/**
 * The way of an order, a stage at a time: a signal asks for a position, sizing turns it into units, risk control cuts
 * it to the limits, the timing gate looks at the clock, and what is left is sent. What a stage refuses is in the run.
 */
export class OrderPipeline extends Strategy<typeof defaults> {
  static override readonly defaults = defaults;

  override setup(): void {
    const { weight, positionMax, drawdownMax } = this.params;
    const price = new StreamInput({ name: "price", interval: "1d", instrument, history });
    const fast = sma(price, { period: this.params.fast, name: "fast" });
    const slow = sma(price, { period: this.params.slow, name: "slow" });
    const cross = crossover(fast, slow, { name: "cross" });

    const signal = new ProcessingNode({
      name: "signal",
      input: cross,
      compute: ({ value }) => {
        if (value > 0) return { target_percent: 1, reason: "crossed up" };
        if (value < 0) return { target_percent: 0, reason: "crossed down" };
        return undefined;
      },
    });
    const sized = new SizingNode(signal, { weight });
    const limited = new RiskControlNode(sized, {
      positionSizeLimitPercent: positionMax,
      maxConcentrationPercent: null, // there is one instrument only
      maxPortfolioVolatility: null,
      maxDrawdownPercent: drawdownMax,
    });
    const timed = new TimingGateNode(limited, { hours: evening });

    this.addNodes(price, fast, slow, cross, signal, sized, limited, timed, new OrderPublishNode(timed));
  }
}

/** How it is run, by `npm start` and by the `qmtl` command alike: one account, and what trading costs. */
export const backtest: OfflineOptions = {
  broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } },
};

if (import.meta.main) {
  const world = runArguments(process.argv.slice(2)); // node strategy.ts --world-id W --gateway-url http://127.0.0.1:8000
  if (world) {
    console.log(runSummary(await followWorld(OrderPipeline, { ...backtest, ...world })));
  } else {
    const result = await Runner.offline(OrderPipeline, backtest);
    const run = await writeRun(result, { strategyFile: import.meta.filename, options: backtest });
    console.log(runSummary(result));
    console.log(`report: ${run.reportFile}`);
  }
}

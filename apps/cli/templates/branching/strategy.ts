import {
  followWorld,
  type OfflineOptions,
  OrderPublishNode,
  ProcessingNode,
  returns,
  rollingStdev,
  runArguments,
  Runner,
  runSummary,
  Strategy,
  StreamInput,
  writeRun,
} from "qmtl";
import { momentum } from "./indicators/momentum.ts";
import { history, instrument } from "./market.ts";

const defaults = { momentumBars: 126, volatilityBars: 21, volatilityTarget: 0.12, step: 0.25 };

/**
 * Two branches of one price, joined again: momentum says whether to be invested, volatility says how much. The calmer
 * the market, the larger the position, in steps, so that small changes do not trade.
 */
export class VolatilityTarget extends Strategy<typeof defaults> {
  static override readonly defaults = defaults;

  override setup(): void {
    const { momentumBars, volatilityBars, volatilityTarget, step } = this.params;
    const price = new StreamInput({ name: "price", interval: "1d", instrument, history });

    const trend = momentum(price, momentumBars);

    const daily = returns(price, { name: "returns" });
    const volatility = rollingStdev(daily, { period: volatilityBars, name: "volatility" });

    const exposure = new ProcessingNode({
      name: "exposure",
      input: { trend, volatility },
      params: { volatilityTarget, step },
      compute: (view, params) => {
        if (view.of("trend").value <= 0) return 0;
        const yearly = view.of("volatility").value * Math.sqrt(252);
        return Math.min(1, Math.round(params.volatilityTarget / yearly / params.step) * params.step);
      },
    });
    const order = new ProcessingNode({
      name: "order",
      input: exposure,
      period: 2,
      compute: (view) => {
        const [before, now] = view.column();
        return now === before ? undefined : { target_percent: now! };
      },
    });
    this.addNodes(price, trend, daily, volatility, exposure, order, new OrderPublishNode(order));
  }
}

/** How it is run, by `npm start` and by the `qmtl` command alike: one account, and what trading costs. */
export const backtest: OfflineOptions = {
  broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } },
};

if (import.meta.main) {
  const world = runArguments(process.argv.slice(2)); // node strategy.ts --world-id W --gateway-url http://127.0.0.1:8000
  if (world) {
    console.log(runSummary(await followWorld(VolatilityTarget, { ...backtest, ...world })));
  } else {
    const result = await Runner.offline(VolatilityTarget, backtest);
    const run = await writeRun(result, { strategyFile: import.meta.filename, options: backtest });
    console.log(runSummary(result));
    console.log(`report: ${run.reportFile}`);
  }
}

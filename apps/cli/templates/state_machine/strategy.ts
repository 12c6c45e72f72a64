import {
  followWorld,
  lag,
  type OfflineOptions,
  positionTarget,
  rollingMax,
  rollingMin,
  runArguments,
  Runner,
  runSummary,
  SeriesNode,
  Strategy,
  StreamInput,
  writeRun,
} from "qmtl";
import { history, instrument } from "./market.ts";

const defaults = { entryBars: 50, exitBars: 20, restBars: 10 };

/** Breakouts with a rest: in above the highest high, out below the lowest low, then hands off for a while. */
export class RestedBreakout extends Strategy<typeof defaults> {
  static override readonly defaults = defaults;

  override setup(): void {
    const { entryBars, exitBars, restBars } = this.params;
    const price = new StreamInput({ name: "price", interval: "1d", instrument, history });
    const highest = rollingMax(price.field("high"), { period: entryBars, name: "highest" });
    const lowest = rollingMin(price.field("low"), { period: exitBars, name: "lowest" });
    // The bar before: a close is measured against a range that it is no part of.
    const ceiling = lag(highest, { period: 1, name: "ceiling" });
    const floor = lag(lowest, { period: 1, name: "floor" });
    const position = new SeriesNode({
      name: "position",
      input: [price, ceiling, floor],
      params: { restBars },
      compute: positions,
    });
    this.addNodes(price, highest, lowest, ceiling, floor, position);
    this.addNodes(positionTarget(position, { instrument: price, long: 1, flat: 0 }));
  }
}

type State = "waiting" | "invested" | "resting";

interface Bar {
  readonly breaksOut: boolean;
  readonly breaksDown: boolean;
  readonly isRested: boolean;
}

function nextState(state: State, bar: Bar): State {
  switch (state) {
    case "waiting":
      return bar.breaksOut ? "invested" : "waiting";
    case "invested":
      return bar.breaksDown ? "resting" : "invested";
    case "resting":
      return bar.isRested ? "waiting" : "resting";
  }
}

/** Runs the machine over whole columns, row by row: 1 while invested, else 0. */
function positions([closes, ceilings, floors]: readonly Float64Array[], params: { restBars: number }): Float64Array {
  let state: State = "waiting";
  let changedAt = 0;
  return Float64Array.from(closes!, (close, row) => {
    const next = nextState(state, {
      breaksOut: close > ceilings![row]!,
      breaksDown: close < floors![row]!,
      isRested: row - changedAt >= params.restBars,
    });
    if (next !== state) changedAt = row;
    state = next;
    return state === "invested" ? 1 : 0;
  });
}

/** How it is run, by `npm start` and by the `qmtl` command alike: one account, and what trading costs. */
export const backtest: OfflineOptions = {
  broker: { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } },
};

if (import.meta.main) {
  const world = runArguments(process.argv.slice(2)); // node strategy.ts --world-id W --gateway-url http://127.0.0.1:8000
  if (world) {
    console.log(runSummary(await followWorld(RestedBreakout, { ...backtest, ...world })));
  } else {
    const result = await Runner.offline(RestedBreakout, backtest);
    const run = await writeRun(result, { strategyFile: import.meta.filename, options: backtest });
    console.log(runSummary(result));
    console.log(`report: ${run.reportFile}`);
  }
}

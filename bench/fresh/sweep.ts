// One sweep in a process of its own. Words: longest period, workers.

import { sweep } from "@qmtl/sdk/sweep";
import { DailySmaCross, sweepOptions } from "../rows/daily-sweep.ts";

const [periodMax = "", workers = ""] = process.argv.slice(2);
const startedMs = performance.now();
const { digest, table } = await sweep(DailySmaCross, sweepOptions(Number(periodMax), Number(workers)));
console.log(
  JSON.stringify({
    digest,
    runs: table.length,
    sweepMs: performance.now() - startedMs,
    peakMemoryMb: process.resourceUsage().maxRSS / 1_024,
  }),
);

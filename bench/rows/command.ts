import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Runner } from "@qmtl/sdk";
import { writeCsv } from "@qmtl/sdk/formats";
import { loadFrame } from "@qmtl/sdk/history";
import { minuteBars } from "../harness/bars.ts";
import { requireSame } from "../harness/equality.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { freshProcess } from "../harness/fresh-process.ts";
import { qmtlCommand, requireBuiltPackage } from "../harness/package.ts";
import type { Bench } from "../harness/row.ts";
import { repeated, sampleOf } from "../harness/timing.ts";
import { SmaCross } from "./sma-cross.ts";

const strategyFile = fileURLToPath(new URL("../fresh/strategy.ts", import.meta.url));

/** The published command, process start to process end. The first start, which compiles, is not counted. */
export const command: Bench = {
  name: "command",
  summary: "qmtl --help; a backtest of 5,000 bars until its report is written",
  async run({ rounds }) {
    requireBuiltPackage();
    const folder = temporaryFolder();
    const data = join(folder, "bars.csv");
    await writeCsv(data, minuteBars(5_000));
    const qmtl = async (...words: string[]) => freshProcess(process.execPath, [qmtlCommand, ...words]);

    const help = await repeated({ time: async () => (await qmtl("--help")).wallMs, warmUps: 1 }, rounds);

    const out = join(folder, "runs");
    const backtest = async () => {
      rmSync(out, { recursive: true, force: true });
      return qmtl("tools", "sdk", "offline", `${strategyFile}:SmaCross`, "--data", data, "--out", out, "--json");
    };
    const { report, metrics } = JSON.parse((await backtest()).output) as CommandOutput;
    const expected = await Runner.offline(SmaCross, { data: await loadFrame(data, { interval: "1m" }) });
    requireSame("equity of the command's run", metrics.endEquity, expected.metrics.endEquity);
    requireSame("report written", existsSync(report), true);
    const runs = await repeated({ time: async () => (await backtest()).wallMs, warmUps: 1 }, rounds);
    return [
      { workload: "qmtl --help", ours: sampleOf(help, "ms"), must: { atMost: 150 } },
      {
        workload: "backtest of 5,000 bars, process start to report written",
        ours: sampleOf(runs, "ms"),
        must: { atMost: 600 },
      },
    ];
  },
};

interface CommandOutput {
  readonly report: string;
  readonly metrics: { readonly endEquity: number };
}

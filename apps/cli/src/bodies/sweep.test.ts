import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../testing/run-cli.ts";

const bars = fileURLToPath(new URL("../../../../../shared/data/bars/", import.meta.url));
const file = fileURLToPath(new URL("../../../../packages/sdk/src/sweep/fixtures/strategies.ts", import.meta.url));
const data = ["--data", `btc=${bars}btcusdt_1m.csv`, "--data", `eth=${bars}ethusdt_1m.csv`];
const grid = ["--param", "fast=2..6", "--param", "slow=4..8:2", "--where", "fast < slow"];

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "qmtl-sweep-"))));
afterAll(async () => rm(folder, { recursive: true }));

describe("qmtl sweep", () => {
  it("prints the best runs, how many there were, and what that means for the best", async () => {
    const { stdout, exitCode } = await runCli(["sweep", `${file}:SmaCross`, ...grid, ...data, "--top", "2"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/SmaCross: 22 runs \(11 combinations on 2 instruments\), ranked by sharpe/);
    expect(stdout).toMatch(/instrument +fast +slow +sharpe +totalReturn/);
    expect(stdout).toMatch(/best of each instrument/);
    expect(stdout).toMatch(/the best of 22 runs is partly luck: its deflated Sharpe ratio is/);
  });

  it("gives the same table in a file and as JSON, with several threads as with one", async () => {
    const out = join(folder, "runs.csv");
    const words = [
      "sweep",
      `${file}:SmaCross`,
      ...grid,
      ...data,
      "--metric",
      "totalReturn",
      "--fee",
      "0.001",
      "--json",
    ];
    const one = await runCli([...words, "--workers", "1", "--out", out]);
    const two = await runCli([...words, "--workers", "2"]);
    const [first, second] = [one, two].map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>);
    expect(first).toMatchObject({ runs: 22, combinations: 11, instruments: ["btc", "eth"], trials: { count: 22 } });
    expect(second!["digest"]).toBe(first!["digest"]);
    const lines = (await readFile(out, "utf8")).trimEnd().split("\n");
    expect(lines).toHaveLength(23);
    const best = first!["best"] as { row: number; metrics: { totalReturn: number } };
    expect(lines[best.row + 1]!.split(",")[3]).toBe(String(best.metrics.totalReturn));
  });

  it.each([
    ["--param", "fsat=2..4", /did you mean "fast"/],
    ["--where", "fast < slwo", /did you mean "slow"/],
    ["--where", "fast; slow", /expected a comparison/],
    ["--metric", "shrape", /did you mean "sharpe"/],
  ])("refuses %s %s with a hint and exit code 2", async (option, value, message) => {
    const { stderr, exitCode } = await runCli(["sweep", `${file}:SmaCross`, ...grid, ...data, option, value]);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });
});

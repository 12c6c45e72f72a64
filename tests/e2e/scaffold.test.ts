import { existsSync } from "node:fs";
import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inRepository } from "../../scripts/build/repository.ts";
import { expectDone, installPackage, run, runNpm, type InstalledPackage } from "./setup/installed-package.ts";

const templates = [
  "general",
  "single_indicator",
  "multi_indicator",
  "branching",
  "state_machine",
  "order_pipeline",
  "parallel_strategies",
];

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage();
});
afterAll(() => installed.remove());

/** Scaffolds a project beside the installed package and installs it. */
async function newProject(template: string, ...words: readonly string[]): Promise<string> {
  const folder = join(installed.folder, [template, ...words].join(""));
  await expectDone(await installed.qmtl(["project", "init", "--path", folder, "--strategy", template, ...words]));
  await expectDone(await runNpm(["install"], folder));
  return folder;
}

/** Paths of the reports that a start has named. */
function reportsOf(output: string): readonly string[] {
  return [...output.matchAll(/^report: (.+)$/gm)].map(([, path]) => path!);
}

it("lists the templates, one per line", async () => {
  expect(await installed.qmtl(["project", "init", "--list-templates"])).toEqual({
    exitCode: 0,
    stdout: `${templates.join("\n")}\n`,
    stderr: "",
  });
});

describe.each(templates)("a project from %s", (template) => {
  it("installs, trades on the sample data, leaves a report, passes its tests and compiles", async () => {
    const folder = await newProject(template, "--with-sample-data");
    const output = await expectDone(await runNpm(["start"], folder));
    expect(output).toMatch(/^From +2000-01-03$/m);
    const reports = reportsOf(output);
    expect(reports).toHaveLength(template === "parallel_strategies" ? 3 : 1);
    for (const report of reports) {
      expect(report.startsWith(join(folder, ".qmtl", "runs"))).toBe(true);
      expect(await readFile(report, "utf8")).toMatch(/^<!doctype html>/i);
      const { trades } = JSON.parse(await readFile(report.replace(/html$/, "json"), "utf8")) as { trades: unknown };
      expect(JSON.stringify(trades).length).toBeGreaterThan(500);
    }
    const tests = await expectDone(await runNpm(["test"], folder));
    expect(tests).toMatch(/^ℹ fail 0$/m);
    expect(Number(/^ℹ pass (\d+)$/m.exec(tests)?.[1])).toBeGreaterThanOrEqual(6);
    expect(await typeErrors(folder)).toBe("");
  });

  it("runs on made-up data when it has no other", async () => {
    const folder = await newProject(template);
    expect(existsSync(join(folder, "data"))).toBe(false);
    expect(reportsOf(await expectDone(await runNpm(["start"], folder))).every((report) => existsSync(report))).toBe(
      true,
    );
    expect(await expectDone(await runNpm(["test"], folder))).toMatch(/^ℹ fail 0$/m);
  });
});

describe("the command in a project", () => {
  let folder: string;
  const qmtl = async (...words: string[]): Promise<string> => expectDone(await installed.qmtl(words, folder));
  beforeAll(async () => {
    folder = await newProject("branching", "--with-sample-data", "--force");
  });

  it("gives the very run that npm start gives", async () => {
    const [started] = reportsOf(await expectDone(await runNpm(["start"], folder)));
    const offline = JSON.parse(await qmtl("tools", "sdk", "offline", "--json")) as { report: string; trades: number };
    expect(offline.report).toBe(started);
    expect(offline.trades).toBeGreaterThan(5);
    expect(reportsOf(await qmtl("tools", "sdk", "run", "strategy.ts:VolatilityTarget"))).toEqual([started]);
  });

  it("gives equal results by either executor", async () => {
    const [batch, stream] = await Promise.all(
      ["batch", "stream"].map(async (kind) => {
        const out = JSON.parse(await qmtl("tools", "sdk", "offline", "--json", "--executor", kind, "--out", kind)) as {
          folder: string;
        };
        return JSON.parse(await readFile(join(out.folder, "manifest.json"), "utf8")) as { result: object };
      }),
    );
    expect(stream!.result).toEqual(batch!.result);
  });

  it("takes range, parameters and account from its options", async () => {
    const words = ["--start-time", "2010-01-01", "--end-time", "1420070400", "--cash", "5000", "--fee", "0"];
    const text = await qmtl("tools", "sdk", "offline", "--json", ...words, "--param", "step=0.5");
    expect(JSON.parse(text)).toMatchObject({
      strategy: "VolatilityTarget",
      metrics: { startMs: Date.UTC(2010, 0, 4), endMs: Date.UTC(2015, 0, 1), startEquity: 5_000, feesPaid: 0 },
    });
  });

  it("shows, copies and makes again what a run has left", async () => {
    await qmtl("tools", "sdk", "offline");
    const kept = (await qmtl("report", "latest", "--format", "markdown")).trim();
    const text = await readFile(kept, "utf8");
    expect(text).toContain("# VolatilityTarget");
    await qmtl("report", "latest", "--format", "markdown", "--out", "copy.md");
    expect(await readFile(join(folder, "copy.md"), "utf8")).toBe(text);
    await rm(kept);
    expect(JSON.parse(await qmtl("report", "latest", "--format", "markdown", "--json"))).toMatchObject({
      report: kept,
      rendered: true,
    });
    expect(await readFile(kept, "utf8")).toBe(text);
  });

  it("reproduces a run to the byte, and names what was changed since", async () => {
    await qmtl("tools", "sdk", "offline");
    expect(await qmtl("reproduce", "latest")).toMatch(/^volatility-target-[0-9a-f]{12}: the same bytes, blake3:/);
    const file = join(folder, "indicators", "momentum.ts");
    const source = await readFile(file, "utf8");
    await writeFile(file, source.replace("view.value /", "2 * view.value /"));
    const changed = await installed.qmtl(["reproduce", "latest"], folder);
    await writeFile(file, source);
    expect(changed).toMatchObject({ exitCode: 1, stderr: "" });
    expect(changed.stdout).toMatch(/differs in node:momentum_126, /);
    expect(changed.stdout).toMatch(/^code of node "momentum_126" +sha256:|^code of node "momentum_126" +[0-9a-f]/m);
  });

  it("draws the graph as a table, for mermaid and for graphviz", async () => {
    expect(await qmtl("graph")).toMatch(/^exposure +ProcessingNode +1d +momentum_126, volatility +blake3:/m);
    const mermaid = await qmtl("graph", "--format", "mermaid");
    expect(mermaid.startsWith(`flowchart LR\n  n0["price<br>StreamInput 1d"]\n`)).toBe(true);
    expect(mermaid).toContain("  n0 --> n1\n");
    const dot = await qmtl("graph", "--format", "dot");
    expect(dot).toMatch(/^digraph "VolatilityTarget" \{\n[^]+ {2}n0 -> n1;\n[^]+\}\n$/);
  });

  it("finds nothing wrong with the sample data", async () => {
    const text = await qmtl("data", "check", "data/sp500-2000.csv", "--json");
    expect(JSON.parse(text)).toMatchObject({ rows: 5_105, calendar: "us_equity", missingBuckets: 0, findings: [] });
  });

  it("keeps runs in the folder that is named", async () => {
    const { report } = JSON.parse(await qmtl("tools", "sdk", "offline", "--json", "--out", "kept")) as {
      report: string;
    };
    expect(report.startsWith(join(folder, "kept", "volatility-target-"))).toBe(true);
  });
});

it("makes a project from a checkout too, that finds the checkout", async () => {
  const folder = join(installed.folder, "from-checkout");
  const command = inRepository("dist", "bin", "qmtl.mjs");
  await expectDone(await run(process.execPath, [command, "init", "--path", folder], installed.folder));
  await expectDone(await runNpm(["install"], folder));
  expect(await expectDone(await runNpm(["start"], folder))).toMatch(/^report: /m);
});

/** What the strict compiler finds, with the types of Node that a user would install. */
async function typeErrors(folder: string): Promise<string> {
  const types = join(folder, "node_modules", "@types");
  if (!existsSync(types)) await symlink(inRepository("node_modules", "@types"), types);
  const compiler = inRepository("node_modules", "ts7", "bin", "tsc");
  return (await run(process.execPath, [compiler, "-p", "."], folder)).stdout;
}

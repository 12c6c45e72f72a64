import { cp, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { randomBars } from "@qmtl/engine/generators";
import { runSummary, summaryFigures } from "../report/index.ts";
import { Runner } from "../runner/index.ts";
import { loadStrategyClass } from "../strategy-file/index.ts";
import { readRun, reproduceRun, writeRun, type WrittenRun } from "./index.ts";

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "qmtl-runs-"));
});
afterEach(() => rm(base, { recursive: true, force: true }));

const dayMs = 86_400_000;

/** A strategy on generated bars: its history makes them anew for every run. */
async function writeStrategy(seed: number): Promise<string> {
  const file = join(base, `strategy-${seed}.ts`);
  await writeFile(
    file,
    `import { frameHistory, positionTarget, sma, Strategy, StreamInput } from "qmtl";
import { randomBars } from "qmtl/generators";
export class Generated extends Strategy {
  setup() {
    const history = frameHistory(randomBars({ rows: 200, intervalMs: ${dayMs}, seed: ${seed} }));
    const price = new StreamInput({ name: "price", interval: "1d", instrument: "X", history });
    const mean = sma(price, 5);
    this.addNodes(price, mean, positionTarget(mean, { instrument: price }));
  }
}
`,
  );
  return file;
}

async function runOf(file: string): Promise<WrittenRun> {
  const strategy = await loadStrategyClass(file);
  const options = { broker: { cash: 5_000 } };
  return writeRun(await Runner.offline(strategy, options), { base, strategyFile: file, options });
}

it("reproduces a run whose rows the strategy makes itself", async () => {
  const run = await runOf(await writeStrategy(1));
  expect(run.manifest.data).toMatchObject([{ stream: "price", source: "memory:price", rows: 200 }]);
  const reproduction = await reproduceRun(await readRun(run.runId, base));
  expect(reproduction).toMatchObject({ identical: true, changedInputs: [], changedParts: [] });
});

it("reproduces a run whose history reads its file in a way of its own, from another folder", async () => {
  const csv = Array.from({ length: 40 }, (_, row) => {
    const day = new Date(Date.UTC(2024, 0, 1 + row + (row > 20 ? 9 : 0))).toISOString().slice(0, 10);
    return `${day};10;${11 + (row % 5)};9;10;1`;
  });
  await writeFile(join(base, "odd.txt"), ["date;open;high;low;close;volume", ...csv, ""].join("\n"));
  const file = join(base, "odd.ts");
  await writeFile(
    file,
    `import { csvHistory, sma, Strategy, StreamInput } from "qmtl";
export class Odd extends Strategy {
  setup() {
    const history = csvHistory(${JSON.stringify(join(base, "odd.txt"))}, { allow: ["gap"] });
    const price = new StreamInput({ name: "price", interval: "1d", instrument: "X", history });
    this.addNodes(price, sma(price, 5));
  }
}
`,
  );
  const run = await runOf(file);
  expect(run.manifest.data).toMatchObject([
    { stream: "price", source: "odd.txt", load: { format: "csv", allow: ["gap"] } },
  ]);
  const reproduction = await reproduceRun(await readRun(run.runId, base));
  expect(reproduction).toMatchObject({ identical: true, changedInputs: [], changedParts: [] });
});

it("keeps one whole run when it is written by several at once", async () => {
  const file = await writeStrategy(1);
  const runs = await Promise.all(Array.from({ length: 4 }, () => runOf(file)));
  expect(new Set(runs.map(({ folder }) => folder)).size).toBe(1);
  expect(await readdir(join(base, ".qmtl", "runs"))).toEqual([runs[0]!.runId]);
  expect((await readdir(runs[0]!.folder)).toSorted()).toEqual([
    "manifest.json",
    "report.html",
    "report.json",
    "report.md",
  ]);
});

it("does not take a run that is still being written for one that is there", async () => {
  const run = await runOf(await writeStrategy(1));
  await cp(run.folder, `${run.folder}.0123abcd.part`, { recursive: true });
  await utimes(join(run.folder, "manifest.json"), 10, 10);
  expect((await readRun("latest", base)).folder).toBe(run.folder);
});

it("says that a run cannot be written, and leaves nothing behind", async () => {
  await writeFile(join(base, ".qmtl"), "not a folder");
  await expect(runOf(await writeStrategy(1))).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  expect((await readdir(base)).toSorted()).toEqual([".qmtl", "strategy-1.ts"]);
});

it("finds the run that was written last as latest", async () => {
  const first = await runOf(await writeStrategy(1));
  const second = await runOf(await writeStrategy(2));
  expect(first.runId).not.toBe(second.runId);
  await utimes(join(second.folder, "manifest.json"), 1_000, 1_000);
  expect((await readRun("latest", base)).manifest.runId).toBe(first.runId);
  await utimes(join(first.folder, "manifest.json"), 10, 10);
  expect((await readRun("latest", base)).manifest.runId).toBe(second.runId);
});

it("says that there is no latest run before the first", async () => {
  await expect(readRun("latest", base)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
});

it("sums a run up in the words of its report", async () => {
  const run = await runOf(await writeStrategy(1));
  const strategy = await loadStrategyClass(join(base, "strategy-1.ts"));
  const result = await Runner.offline(strategy, { broker: { cash: 5_000 } });
  const report = await readFile(join(run.folder, "report.md"), "utf8");
  for (const { label, text } of summaryFigures(result).filter(({ name }) => !name.endsWith("Ms"))) {
    expect(report).toContain(label);
    expect(report).toContain(text);
  }
  const lines = runSummary(result).split("\n");
  expect(lines[0]).toBe("Generated");
  expect(lines).toContainEqual(expect.stringMatching(/^From +1970-01-01$/));
  expect(lines).toContainEqual(expect.stringMatching(/^To +1970-07-19$/)); // 200 days, the last one included
  expect(lines).toContain("note: positions are still open at the end; their profit is unrealised");
});

it("leaves columns that a stream does not name out of what the stream puts out", async () => {
  const bars = randomBars({ rows: 5, intervalMs: dayMs, seed: 1 });
  const wide = { ...bars, columns: { ...bars.columns, extra: new Float64Array(5).fill(1) } };
  const file = await writeStrategy(3);
  for (const executor of ["batch", "stream"] as const) {
    const result = await Runner.offline(await loadStrategyClass(file), { data: wide, executor });
    const { id } = result.nodes.find(({ name }) => name === "price")!;
    expect(Object.keys(result.columns.get(id)!.fields).toSorted()).toEqual(["close", "high", "low", "open", "volume"]);
  }
});

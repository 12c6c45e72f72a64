import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli } from "../testing/run-cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-tools-report-"));
  await writeFile(join(folder, "returns.json"), `{ "returns": [0.01, -0.02, 0.03] }`);
  await writeFile(join(folder, "list.json"), "[0.01]");
  await writeFile(join(folder, "words.json"), `{ "returns": [0.01, "a lot"] }`);
  await writeFile(join(folder, "cut.json"), `{ "returns": [0.01`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("writes a Markdown file and names it", async () => {
  const words = ["tools", "report", "--from", "returns.json", "--out", "out.md"];
  expect(await runCli(words, { folder })).toEqual({ exitCode: 0, stdout: "out.md\n", stderr: "" });
  const lines = (await readFile(join(folder, "out.md"), "utf8")).split("\n");
  expect(lines.slice(0, 2)).toEqual(["# Backtest Report", ""]);
  expect(lines[2]).toMatch(/^- \*\*[A-Z][A-Za-z ]+\*\*: -?\d+\.\d{6}$/);
});

it("subtracts what --transaction-cost and --risk-free say", async () => {
  const figures = async (...options: string[]): Promise<string> => {
    await runCli(["tools", "report", "--from", "returns.json", "--out", "o.md", ...options], { folder });
    return readFile(join(folder, "o.md"), "utf8");
  };
  const plain = await figures();
  expect(await figures("--transaction-cost", "0.005")).not.toBe(plain);
  expect(await figures("--risk-free", "0.005")).not.toBe(plain);
});

it("answers to its older spelling", async () => {
  const { exitCode, stderr } = await runCli(["report", "--from", "returns.json"], { folder });
  expect(exitCode).toBe(0);
  expect(stderr).toBe(`"qmtl report" is the older spelling of "qmtl tools report" and will go\n`);
});

it.each([
  ["nowhere.json", 1, `there is no "nowhere.json"`],
  ["cut.json", 1, `expected JSON in "cut.json"`],
  ["list.json", 1, `expected an object with a list "returns"`],
  ["words.json", 1, "returns[1] must be a number"],
])("ends with one message on %s", async (file, code, message) => {
  const { exitCode, stdout, stderr } = await runCli(["tools", "report", "--from", file], { folder });
  expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
  expect(stderr).toContain(`error: ${message}`);
  expect(stderr).not.toContain("    at ");
});

it("refuses a rate that is no number", async () => {
  const { exitCode, stderr } = await runCli(["tools", "report", "--from", "x", "--risk-free", "much"], { folder });
  expect(exitCode).toBe(2);
  expect(stderr).toContain("expected a number");
});

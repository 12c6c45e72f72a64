import { cp, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inRepository } from "../../scripts/build/repository.ts";
import { expectDone, installPackage, run, type InstalledPackage } from "./setup/installed-package.ts";

const strategies = ["bracket-orders.ts", "rotation.ts", "weekly-filter.ts"];
const programs = ["fill-assumptions.ts", "growing-session.ts"];

let installed: InstalledPackage;
let folder: string;
beforeAll(async () => {
  installed = await installPackage();
  folder = join(installed.folder, "examples");
  await cp(inRepository("examples"), folder, { recursive: true });
});
afterAll(() => installed.remove());

const output = async (file: string): Promise<string> => expectDone(await run(process.execPath, [file], folder));

it("has a test for every example", async () => {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ts"));
  expect(files.toSorted()).toEqual([...strategies, ...programs].toSorted());
});

it.each(strategies)("%s trades, by itself and by the command", async (file) => {
  const tradesIn = (text: string): number => Number(/^Closed trades +([\d,]+)$/m.exec(text)?.[1]);
  const alone = tradesIn(await output(file));
  expect(alone).toBeGreaterThan(50);
  const byCommand = await installed.qmtl(["tools", "sdk", "offline", file], folder);
  expect(tradesIn(await expectDone(byCommand))).toBe(alone);
});

it.each(strategies)("%s gives equal results however it is computed, and never looks ahead", async (file) => {
  const twoYears = ["--start-time", "2012-01-01", "--end-time", "2014-01-01"]; // every bar of them is cut at
  await expectDone(await installed.qmtl(["verify", "parity", file, ...twoYears], folder));
  await expectDone(await installed.qmtl(["verify", "lookahead", file, ...twoYears], folder));
});

it("fill-assumptions.ts shows that the assumptions matter", async () => {
  const lines = (await output("fill-assumptions.ts")).trimEnd().split("\n");
  const equities = lines.map((line) => Number(line.trim().split(/ +/)[1]));
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["qmtl", "vectorbt", "backtesting.py", "backtrader"]);
  expect(new Set(equities).size).toBeGreaterThan(1);
  expect(Math.max(...equities) / Math.min(...equities)).toBeLessThan(1.05);
});

it("growing-session.ts ends equal to one run", async () => {
  expect(await output("growing-session.ts")).toMatch(/\nequal to one run\n$/);
});

it("compiles under the strict settings of a project", async () => {
  await expectDone(await installed.qmtl(["project", "init", "--path", "settings"]));
  await cp(join(installed.folder, "settings", "tsconfig.json"), join(folder, "tsconfig.json"));
  await symlink(inRepository("node_modules", "@types"), join(installed.folder, "node_modules", "@types"));
  const { stdout } = await run(
    process.execPath,
    [inRepository("node_modules", "ts7", "bin", "tsc"), "-p", "."],
    folder,
  );
  expect(stdout).toBe("");
});

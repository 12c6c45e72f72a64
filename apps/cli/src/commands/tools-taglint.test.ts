import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runCli } from "../testing/run-cli.ts";

const good = `export const TAGS = { scope: "signal", family: "trend", interval: "1h", asset: "eth" };\n`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-taglint-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("searches folders for modules that carry tags", async () => {
  await mkdir(join(folder, "deep", "node_modules"), { recursive: true });
  await writeFile(join(folder, "good.ts"), good);
  await writeFile(join(folder, "deep", "bare.js"), "export const a = 1;\n");
  for (const name of ["index.ts", "good.test.ts", "types.d.ts", "notes.md", "deep/node_modules/x.ts"]) {
    await writeFile(join(folder, name), "export {};\n");
  }
  const { exitCode, stdout } = await runCli(["tools", "taglint", "."], { folder });
  expect(exitCode).toBe(1);
  expect(stdout).toBe(
    "deep/bare.js:1: no TAGS: expected export const TAGS = { scope, family, interval, asset }\n" +
      "2 files checked, 1 with problems\n",
  );
});

it("ends with 0 on good tags, and with one JSON document when asked", async () => {
  await writeFile(join(folder, "good.ts"), good);
  const { exitCode, stdout, stderr } = await runCli(["tools", "taglint", "--json", "good.ts", "good.ts"], { folder });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({ filesChecked: 1, files: [] });
});

it("writes fixes and ends with 0 when nothing is left to do", async () => {
  const file = join(folder, "node.ts");
  await writeFile(file, good.replace("1h", "3600s").replace("eth", "ETH"));
  await chmod(file, 0o640);
  const { exitCode, stdout } = await runCli(["tools", "taglint", "--fix", "node.ts"], { folder });
  expect(exitCode).toBe(0);
  expect(stdout).toBe(
    `node.ts: fixed: interval is now "1h"\nnode.ts: fixed: asset is now "eth"\n1 file checked, no problems\n`,
  );
  expect(await readFile(file, "utf8")).toBe(good);
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  expect(await readdir(folder)).toEqual(["node.ts"]);
});

it("ends with 1 after --fix while a person has something to fill in, and says what", async () => {
  await writeFile(join(folder, "node.ts"), good.replace(`family: "trend", `, ""));
  const { exitCode, stdout } = await runCli(["tools", "taglint", "--fix", "node.ts"], { folder });
  expect(exitCode).toBe(1);
  expect(stdout).toContain("node.ts:1: family is empty: fill it in");
});

it.each([
  ["a path that is not there", "nowhere", `there is no "nowhere"`],
  ["a file that is no module", "notes.md", `expected a .ts or .js file, found "notes.md"`],
])("refuses %s", async (_what, path, message) => {
  await writeFile(join(folder, "notes.md"), "# notes\n");
  const { exitCode, stdout, stderr } = await runCli(["tools", "taglint", path], { folder });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toContain(message);
});

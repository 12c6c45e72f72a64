import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inRepository } from "../scripts/build/repository.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

// A checkout of its own, whose one task says on which Node it runs.
let checkout: string;
beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), "qmtl-bootstrap-"));
  mkdirSync(join(checkout, "scripts"));
  mkdirSync(join(checkout, "node_modules", ".bin"), { recursive: true });
  cpSync(inRepository("scripts", "bootstrap.mjs"), join(checkout, "scripts", "bootstrap.mjs"));
  writeFileSync(
    join(checkout, "scripts", "test.ts"),
    `console.log(process.argv0, process.argv.slice(2).join()); process.exitCode = Number(process.argv[2] ?? 0);`,
  );
  const lock = { packages: { "": {}, "node_modules/elsewhere": { version: "1.0.0", optional: true } } };
  writeFileSync(join(checkout, "package-lock.json"), JSON.stringify(lock));
  writeFileSync(join(checkout, "node_modules", ".package-lock.json"), `{ "packages": {} }`);
  symlinkSync(process.execPath, join(checkout, "node_modules", ".bin", "node"));
});
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

/** Starts the bootstrap as if on another machine. */
async function bootstrap(
  words: readonly string[],
  machine: { node?: string; platform?: string } = {},
): Promise<Outcome> {
  const { node = process.versions.node, platform = process.platform } = machine;
  const pretend = `Object.defineProperty(process.versions, "node", { value: "${node}" });
    Object.defineProperty(process, "platform", { value: "${platform}" });`;
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  const script = join(checkout, "scripts", "bootstrap.mjs");
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, ["--import", preload, script, ...words])) };
  } catch (error) {
    return error as Outcome;
  }
}

it.each([
  [["tset"], `found "tset"`],
  [["toString"], `found "toString"`],
  [[], "none was given"],
])("names the tasks when %j is none", async (words, found) => {
  const { code, stderr } = await bootstrap(words);
  expect(code).toBe(2);
  expect(stderr).toBe(`expected a task (bench, bench:peers, build, check, demo, test), ${found}\n`);
});

it("asks for a newer Node in one sentence where none can be installed", async () => {
  expect(await bootstrap(["test"], { node: "20.11.1", platform: "darwin" })).toMatchObject({
    code: 1,
    stdout: "",
    stderr:
      "QMTL needs Node.js 24.6 or newer and this is 20.11.1: install a newer one from https://nodejs.org and run the command again.\n",
  });
});

it.each([
  ["24.6.0", "darwin", process.execPath],
  ["25.0.0", "linux", process.execPath],
  ["24.5.9", "linux", "node_modules/.bin/node"],
  ["20.11.1", "linux", "node_modules/.bin/node"],
])("on Node %s for %s starts the task with %s", async (node, platform, interpreter) => {
  const { code, stdout, stderr } = await bootstrap(["test", "0", "a b"], { node, platform });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.trimEnd().endsWith(`${interpreter} 0,a b`)).toBe(true);
});

it("ends as the task ended", async () => {
  expect(await bootstrap(["test", "7"])).toMatchObject({ code: 7 });
});

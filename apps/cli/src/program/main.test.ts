import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../testing/run-cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-cli-"));
  await writeFile(join(folder, "bad.ts"), `export const TAGS = { scope: "Indicator" };\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("help", () => {
  it.each([[[]], [["--help"]], [["-h"]], [["help"]]])(
    "shows the commands on standard output: qmtl %j",
    async (words) => {
      const { exitCode, stdout, stderr } = await runCli(words);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toContain("Usage: qmtl [options] [command]");
      expect(stdout).toMatch(/^ {2}tools +work on strategy files/m);
    },
  );

  it("shows a group that is called alone", async () => {
    const { exitCode, stdout } = await runCli(["tools"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Usage: qmtl tools");
  });

  it.each([[["tools", "taglint", "--help"]], [["help", "tools", "taglint"]]])(
    "shows options and examples of one command: qmtl %j",
    async (words) => {
      const { exitCode, stdout } = await runCli(words);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/--fix .*\n[^]*Global Options:[^]*--json[^]*Examples:\n {2}\$ qmtl tools taglint/);
    },
  );

  it("prints the version of the package", async () => {
    expect(await runCli(["--version"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("a wrong call", () => {
  it.each([
    [["tool"], "unknown command 'tool'", "did you mean tools?"],
    [["tools", "taglnt"], "unknown command 'taglnt'", "did you mean taglint?"],
    [["tools", "taglint", "--fxi", "."], "unknown option '--fxi'", "did you mean --fix?"],
    [["tools", "taglint"], "missing required argument 'path'", "--help"],
  ])("ends with 2 and says what was meant: qmtl %j", async (words, message, hint) => {
    const { exitCode, stdout, stderr } = await runCli(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain(hint);
  });

  it("is one JSON document on standard output with --json, wherever the option stands", async () => {
    for (const words of [
      ["--json", "tool"],
      ["tool", "--json"],
    ]) {
      const { exitCode, stdout, stderr } = await runCli(words);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: "" });
      expect(JSON.parse(stdout)).toEqual({
        error: {
          code: "USAGE",
          message: "unknown command 'tool'",
          hint: "did you mean tools?",
          details: { reason: "unknownCommand" },
        },
      });
    }
  });
});

describe("a failure", () => {
  it("is a message and a hint, and a stack only with --debug", async () => {
    const plain = await runCli(["tools", "taglint", "nowhere"], { folder });
    expect(plain).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `error: there is no "nowhere"\nhint: give a file or a folder that exists\n`,
    });
    const debug = await runCli(["tools", "taglint", "nowhere", "--debug"], { folder });
    expect(debug.exitCode).toBe(1);
    expect(debug.stderr).toMatch(/^ +at /m);
  });

  it("is one line and a way on when nobody expected it", async () => {
    const preload = `data:text/javascript,String.prototype.replace = () => { throw new Error("two\\nlines") }`;
    const { exitCode, stderr } = await runCli(["tools", "taglint", "bad.ts"], { folder, preload });
    expect(exitCode).toBe(1);
    expect(stderr).toBe("error: unexpected error: two\nhint: run again with --debug to see where it happened\n");
  });
});

describe("older spellings", () => {
  it("work, with one line that names the new one", async () => {
    const { exitCode, stdout, stderr } = await runCli(["taglint", "bad.ts"], { folder });
    expect(exitCode).toBe(1);
    expect(stdout).toContain("bad.ts:1:");
    expect(stderr).toBe(`"qmtl taglint" is the older spelling of "qmtl tools taglint" and will go\n`);
  });
});

describe("colours", () => {
  const red = "\u001b[31m";
  it.each([
    ["a pipe has none", {}, false],
    ["FORCE_COLOR puts them into a pipe", { FORCE_COLOR: "1" }, true],
    ["FORCE_COLOR=0 leaves them out", { FORCE_COLOR: "0" }, false],
    ["NO_COLOR wins", { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    ["an empty NO_COLOR says nothing", { FORCE_COLOR: "1", NO_COLOR: "" }, true],
    ["a CI system alone is no reason", { CI: "true" }, false],
  ])("%s", async (_what, environment, colored) => {
    const { stderr } = await runCli(["tool"], { environment });
    expect(stderr.includes(red)).toBe(colored);
  });
});

it("ends quietly when its reader leaves early", async () => {
  const entry = fileURLToPath(new URL("../main.ts", import.meta.url));
  const script = `"${process.execPath}" "${entry}" tools taglint --json "${folder}/bad.ts" | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script]);
  expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^[01]\n$/), stderr: "" });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli } from "../testing/run-cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-interrupt-"));
  await writeFile(join(folder, "one.ts"), `export const TAGS = {};\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// A folder that takes for ever to look at: the command is certain to be at work when Ctrl-C comes.
function withSlowReading(untilWhen: string): string {
  const script = `
    import fs from "node:fs/promises";
    import { syncBuiltinESMExports } from "node:module";
    fs.stat = async () => { process.stderr.write("at work"); await ${untilWhen}; throw new Error("given up"); };
    syncBuiltinESMExports();`;
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

it("lets the command stop on Ctrl-C, says so, and ends with 130", async () => {
  const untilCtrlC = `new Promise((resolve) => {
    const alive = setInterval(() => {}, 1000);
    process.once("SIGINT", () => resolve(clearInterval(alive)));
  })`;
  const preload = withSlowReading(untilCtrlC);
  const outcome = await runCli(["tools", "taglint", "one.ts"], { folder, preload, interruptAfter: "at work" });
  expect(outcome).toEqual({
    exitCode: 130,
    stdout: "",
    stderr: "at work\nstopping (Ctrl-C again to stop at once)\nstopped before the end\n",
  });
});

it("ends with 130 when the command does not stop by itself", async () => {
  const preload = withSlowReading("new Promise(() => setInterval(() => {}, 1000))");
  const { exitCode } = await runCli(["tools", "taglint", "one.ts"], { folder, preload, interruptAfter: "at work" });
  expect(exitCode).toBe(130);
});

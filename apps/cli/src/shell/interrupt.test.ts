import { existsSync } from "node:fs";
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

it("ends a computation that never pauses, and leaves no run behind", async () => {
  await writeFile(
    join(folder, "endless.ts"),
    `import { ProcessingNode, Strategy, StreamInput } from "qmtl";
export class Endless extends Strategy {
  setup() {
    const price = new StreamInput({ name: "price", interval: "1d" });
    this.addNodes(price, new ProcessingNode({ input: price, compute: () => { for (;;); } }));
  }
  onStart() {
    console.error("at work");
  }
}
`,
  );
  await writeFile(
    join(folder, "bars.csv"),
    "date,open,high,low,close,volume\n2024-01-01,1,1,1,1,1\n2024-01-02,1,1,1,1,1\n",
  );
  const words = ["tools", "sdk", "offline", "endless.ts", "--data", "bars.csv"];
  const { exitCode, stdout } = await runCli(words, { folder, interruptAfter: "at work" });
  // Ended by the signal itself, which shells show as 130.
  expect({ exitCode, stdout }).toEqual({ exitCode: null, stdout: "" });
  expect(existsSync(join(folder, ".qmtl"))).toBe(false);
});

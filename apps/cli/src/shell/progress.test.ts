import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { beforeAll, expect, it } from "vitest";
import { withProgress } from "./progress.ts";

// Loaded ahead, so that loading it later takes no file access that a step would have to wait for.
beforeAll(() => import("cli-progress"));

/** Work of four steps, a second each by its own clock. Gives back what was drawn. */
async function drawn(isTerminal: boolean, secondsPerStep: number): Promise<string> {
  const stream = Object.assign(new PassThrough(), { isTTY: isTerminal, columns: 100, cursorTo() {}, clearLine() {} });
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  let nowMs = 0;
  const work = async (report: (done: number) => void): Promise<string> => {
    for (let step = 1; step <= 4; step++) {
      nowMs += secondsPerStep * 1_000;
      report(step);
      for (let turn = 0; turn < 50; turn++) await setImmediate(); // the bar is loaded when it is needed
    }
    return "result";
  };
  const options = { stream: stream as unknown as NodeJS.WriteStream, now: () => nowMs };
  expect(await withProgress("counting", 4, work, options)).toBe("result");
  return text;
}

it("draws a bar once the work has taken two seconds", async () => {
  expect(await drawn(true, 1)).toMatch(/counting .* \d\/4/);
});

it("draws nothing for short work, and nothing into a pipe", async () => {
  expect(await drawn(true, 0.4)).toBe("");
  expect(await drawn(false, 1)).toBe("");
});

it("passes a failure on", async () => {
  const stream = process.stderr;
  await expect(withProgress("x", 1, () => Promise.reject(new Error("lost")), { stream })).rejects.toThrow("lost");
});

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const threadModule = new URL("./thread.ts", import.meta.url).href;

// Loads for a while, echoes what it is asked, and then idles for ever.
const echo = `
  import { parentPort } from "node:worker_threads";
  await new Promise((resolve) => setTimeout(resolve, 200));
  parentPort.on("message", (asked) => {
    parentPort.postMessage(asked);
    parentPort.postMessage("rested");
  });
  parentPort.postMessage("rested");
`;

/** Everything a program hears of its thread until it ends by itself. */
async function heard(asked: readonly string[]): Promise<readonly unknown[]> {
  const program = `
    import { Worker } from "node:worker_threads";
    import { Thread } from ${JSON.stringify(threadModule)};
    const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(echo)})));
    const heard = [];
    worker.on("message", (message) => heard.push(message));
    const thread = new Thread(worker);
    for (const each of ${JSON.stringify(asked)}) thread.ask(each);
    process.on("exit", () => console.log(JSON.stringify(heard)));
  `;
  const words = ["--input-type=module", "--eval", program];
  return JSON.parse((await promisify(execFile)(process.execPath, words)).stdout) as unknown[];
}

it("lets the process end when the thread has loaded, not before", async () => {
  expect(await heard([])).toEqual(["rested"]);
});

it("lets the process end when the thread has done what it was asked, not before", async () => {
  expect(await heard(["a", "b"])).toEqual(["rested", "a", "rested", "b", "rested"]);
});

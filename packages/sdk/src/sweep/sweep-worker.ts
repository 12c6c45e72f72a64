import { parentPort } from "node:worker_threads";
import { rested } from "../edge/thread.ts";
import { plainError, workOn, type JobMessage } from "./jobs.ts";

// One thread of a sweep. Loads the engine only; the SDK and the strategy's file when a job asks for the broker.
parentPort!.on("message", ({ id, job }: JobMessage) => {
  workOn(job, loadClass, () => undefined)
    .catch((error: unknown) => parentPort!.postMessage(plainError(id, error)))
    .finally(() => parentPort!.postMessage(rested));
});
parentPort!.postMessage(rested);

async function loadClass(file: string | undefined, className: string) {
  const { loadStrategyClass } = await import("../strategy-file/index.ts");
  return loadStrategyClass(file!, className);
}

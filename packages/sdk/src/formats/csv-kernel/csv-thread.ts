import { parentPort, workerData } from "node:worker_threads";
import { rested } from "../../edge/thread.ts";
import { CsvKernel, type KernelMemory } from "./csv-kernel.ts";
import { helpWith, type PieceJob } from "./piece-queue.ts";

// One thread that helps to parse large files, in memory that the thread which started it reads.
const kernel = new CsvKernel(workerData as KernelMemory);
parentPort!.on("message", (job: PieceJob) => {
  try {
    helpWith(job, kernel);
  } finally {
    parentPort!.postMessage(rested);
  }
});
parentPort!.postMessage(rested);

import { parentPort, workerData } from "node:worker_threads";
import { CsvKernel, type KernelMemory } from "./csv-kernel.ts";
import { helpWith, type PieceJob } from "./piece-queue.ts";

// One thread that helps to parse large files, in memory that the thread which started it reads.
const kernel = new CsvKernel(workerData as KernelMemory);
parentPort!.on("message", (job: PieceJob) => helpWith(job, kernel));

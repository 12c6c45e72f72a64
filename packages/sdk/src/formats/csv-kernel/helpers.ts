import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { Thread } from "../../edge/thread.ts";
import { KernelSlots } from "./csv-kernel.ts";
import type { PieceJob } from "./piece-queue.ts";

// One thread commits what all have parsed: more than a few helpers would wait for it.
const helpersMax = 3;
const bytesPerHelper = 4 << 20;
/** A thread takes longer to start than this many bytes take to parse. */
const bytesToStart = 16 << 20;

/** A thread that helps, and the memory where it leaves what it parsed. */
export interface Helper {
  readonly slots: KernelSlots;
  readonly ask: (job: PieceJob) => void;
  isAlive: boolean;
}

// Threads nobody uses now, kept for the next file. They do not keep the process from ending.
const idle: Helper[] = [];

/** As many threads as are worth it for so many bytes: idle ones, and new ones if the file is large. */
export function takeHelpers(bytes: number): Helper[] {
  const wanted = Math.min(availableParallelism() - 1, helpersMax, Math.floor(bytes / bytesPerHelper));
  const helpers: Helper[] = [];
  while (helpers.length < wanted) {
    const helper = idle.pop() ?? (bytes >= bytesToStart ? startHelper() : undefined);
    if (helper === undefined) break;
    helpers.push(helper);
  }
  return helpers;
}

export function returnHelpers(helpers: readonly Helper[]): void {
  idle.push(...helpers.filter(({ isAlive }) => isAlive));
}

function startHelper(): Helper {
  const slots = new KernelSlots();
  const worker = new Worker(new URL("./csv-thread.ts", import.meta.url), {
    name: "qmtl-csv",
    workerData: slots.memory,
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  const thread = new Thread(worker);
  const helper: Helper = { slots, ask: (job) => thread.ask(job), isAlive: true };
  // A thread that died is of no use to the next file; this one is parsed without it.
  const onEnd = () => {
    helper.isAlive = false;
    const place = idle.indexOf(helper);
    if (place >= 0) idle.splice(place, 1);
  };
  worker.once("exit", onEnd).on("error", onEnd);
  return helper;
}

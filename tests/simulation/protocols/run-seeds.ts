import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** What one thread plays. */
export interface SeedWork {
  readonly protocol: string;
  readonly first: number;
  readonly count: number;
}

/** Plays seeds on as many threads as there are cores; answers the first failures, in words. */
export async function runSeeds({ protocol, first, count }: SeedWork): Promise<string[]> {
  const threads = Math.min(4, availableParallelism());
  const each = Math.ceil(count / threads);
  const works = Array.from({ length: threads }, (_, index) => ({ protocol, first: first + index * each, count: each }));
  const failures = await Promise.all(works.map(play));
  return failures.filter((failure) => failure !== undefined);
}

function play(work: SeedWork): Promise<string | undefined> {
  const worker = new Worker(new URL("seed-worker.ts", import.meta.url), { workerData: work });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { firstSeed, seedCount } from "./seed-count.ts";
import { sharingMutants } from "./sharing/mutants.ts";
import { playSharing } from "./sharing/play-sharing.ts";
import { planSharing } from "./sharing/topology.ts";

const count = seedCount("QMTL_SHARING_SEEDS", { ci: 600, desk: 40 });

interface Played {
  readonly rows: number;
  readonly takeovers: number;
  readonly revisions: number;
  readonly failure: string;
}

/** Every `step`-th seed, on a thread of its own. */
function play(first: number, step: number): Promise<Played> {
  const workerData = { first, count: count - (first - firstSeed), step };
  const worker = new Worker(new URL("sharing/seed-worker.ts", import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

describe("runners that share nodes, on everything that fails (X-1 to X-3)", () => {
  it(`hold over ${count} seeds, and all come to the end`, async () => {
    const threads = Math.min(4, availableParallelism());
    const played = await Promise.all(Array.from({ length: threads }, (_, index) => play(firstSeed + index, threads)));
    expect(played.map(({ failure }) => failure).filter((failure) => failure !== "")).toEqual([]);
    const sum = (of: (each: Played) => number): number => played.reduce((total, each) => total + of(each), 0);
    // Rows were shared, and nodes changed hands.
    expect(sum(({ rows }) => rows)).toBeGreaterThan(150 * count);
    expect(sum(({ takeovers }) => takeovers)).toBeGreaterThan(count);
  }, 600_000);

  // Found by this seed: a run that went from reading one node to reading the next computed an instant without either.
  it("wait for the node they read next: seed 1", async () => {
    expect((await playSharing(planSharing(1))).broken).toBeUndefined();
  });

  it("happen again bit for bit", async () => {
    for (const seed of [2, 4]) {
      expect(await playSharing(planSharing(seed))).toEqual(await playSharing(planSharing(seed)));
    }
  });

  it.each(Object.entries(sharingMutants))("catch: %s", async (_, mutant) => {
    let caught: string | undefined;
    for (let seed = 1; seed <= 200 && caught === undefined; seed++) {
      caught = (await playSharing(planSharing(seed), mutant)).broken?.message;
    }
    expect(caught).toMatch(/^X-[123]: /);
  });
});

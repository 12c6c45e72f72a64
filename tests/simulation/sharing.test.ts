import { describe, expect, it } from "vitest";
import { playSeeds } from "./play-seeds.ts";
import { seedCount } from "./seed-count.ts";
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

const player = new URL("sharing/seed-player.ts", import.meta.url);

describe("runners that share nodes, on everything that fails (X-1 to X-3)", () => {
  it(`hold over ${count} seeds, and all come to the end`, async () => {
    const played = await playSeeds<Played>(player, count);
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

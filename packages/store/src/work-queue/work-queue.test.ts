import { seededRandom } from "@qmtl/core";
import { VirtualClock } from "@qmtl/testkit/clock";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openEmbeddedDatabase } from "../database/index.ts";
import { storeMigrations, type StoreTables } from "../tables/index.ts";
import { WorkQueue, type Claim } from "./index.ts";

it("S-2, S-3: ends every item once and in the order of its key, whatever dies on the way", async () => {
  await fc.assert(fc.asyncProperty(fc.nat(), play), { numRuns: 25 });

  async function play(seed: number): Promise<void> {
    const random = seededRandom(seed);
    const clock = new VirtualClock();
    const database = await openEmbeddedDatabase<StoreTables>({ path: ":memory:", migrations: storeMigrations, clock });
    const queue = new WorkQueue({ database, clock, queue: "q", leaseMs: 1_000, attemptsMax: 4, firstPauseMs: 100 });
    const added: string[] = [];
    const ended: string[] = [];
    const held: Claim[] = [];

    const end = async (claim: Claim, finish: () => Promise<unknown>): Promise<void> => {
      try {
        await finish();
      } catch (error) {
        expect(error).toMatchObject({ code: "LEASE_LOST" });
        return;
      }
      ended.push(claim.id);
    };
    const work = async (claim: Claim): Promise<void> => {
      const draw = random.integer(5);
      if (draw === 0) return; // the worker dies
      if (draw === 1) {
        const outcome = await queue.fail(database, claim, { reason: "no" }).catch(() => undefined);
        if (outcome?.kind === "dead") ended.push(claim.id);
      } else {
        await end(claim, () => queue.complete(database, claim));
      }
    };

    for (let turn = 0; turn < 60; turn++) {
      const draw = random.integer(6);
      if (draw < 2) {
        const id = `${random.integer(3)}-${added.length}`;
        added.push(id);
        await queue.enqueue(database, { id, key: id[0]!, body: id });
      } else if (draw === 2) {
        await clock.advance(random.integer(1_500));
      } else if (draw === 3 && held.length > 0) {
        await work(held.splice(random.integer(held.length), 1)[0]!);
      } else {
        held.push(...(await queue.claim(`w${random.integer(3)}`, 1 + random.integer(3))));
      }
    }
    // From now on every worker lives.
    for (let turn = 0; turn < 400 && (await queue.depth()) > 0; turn++) {
      for (const claim of await queue.claim("last", 5)) await end(claim, () => queue.complete(database, claim));
      await clock.advance(500);
    }
    const dead = (await queue.deadLetters()).map(({ id }) => id);
    expect(new Set([...ended, ...dead])).toEqual(new Set(added));
    expect(new Set(ended).size).toBe(ended.length);
    for (const key of ["0", "1", "2"]) {
      const order = ended.filter((id) => id.startsWith(key));
      expect(order).toEqual(added.filter((id) => order.includes(id)));
    }
    await database.destroy();
  }
});

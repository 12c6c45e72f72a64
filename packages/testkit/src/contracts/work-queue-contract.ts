import { storeMigrations, WorkQueue, type StoreTables } from "@qmtl/store";
import type { Kysely } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../clock/index.ts";
import type { DatabaseHarness } from "./database-contract.ts";

/** What the work queue does on every database (invariants S-1 to S-3). */
export function workQueueContract(name: string, harness: () => Promise<DatabaseHarness>): void {
  describe(`the work queue on ${name}`, () => {
    let place: DatabaseHarness;
    let database: Kysely<StoreTables>;
    let clock: VirtualClock;
    beforeEach(async () => {
      place = await harness();
      database = await place.open<StoreTables>(storeMigrations);
      clock = new VirtualClock();
    });
    afterEach(() => place.close());

    let queue: WorkQueue<StoreTables>;
    beforeEach(() => {
      queue = new WorkQueue({
        database,
        clock,
        queue: "submissions",
        leaseMs: 1_000,
        attemptsMax: 3,
        firstPauseMs: 100,
      });
    });
    const add = (id: string, key = id): Promise<boolean> => queue.enqueue(database, { id, key, body: `body of ${id}` });
    const claimed = async (limit = 10): Promise<string[]> => (await queue.claim("me", limit)).map(({ id }) => id);

    it("S-3: gives items in order, one of a key at a time", async () => {
      for (const [id, key] of [
        ["a1", "a"],
        ["a2", "a"],
        ["b1", "b"],
        ["a3", "a"],
      ] as const)
        await add(id, key);
      const [a1, b1] = await queue.claim("me", 10);
      expect([a1, b1]).toMatchObject([
        { id: "a1", key: "a", body: "body of a1", token: 1, attempt: 1, expiresInMs: 1_000 },
        { id: "b1" },
      ]);
      expect(await claimed()).toEqual([]);
      await queue.complete(database, a1!);
      expect(await claimed()).toEqual(["a2"]);
      expect(await queue.depth()).toBe(3);
    });

    it("S-1: has an item when the transaction that added it has committed, and once", async () => {
      const undone = database.transaction().execute(async (transaction) => {
        await queue.enqueue(transaction, { id: "a", key: "a", body: "" });
        throw new Error("undone");
      });
      await expect(undone).rejects.toThrow("undone");
      expect(await queue.depth()).toBe(0);
      expect([await add("a"), await add("a")]).toEqual([true, false]);
      expect(await claimed()).toEqual(["a"]);
    });

    it("S-3: gives an item again when its lease ran out, and lets the one who had it end nothing", async () => {
      await add("a");
      const [old] = await queue.claim("dead", 1);
      await clock.advance(999);
      expect(await claimed()).toEqual([]);
      await clock.advance(1);
      const [again] = await queue.claim("me", 1);
      expect(again).toMatchObject({ id: "a", token: 2, attempt: 2 });
      for (const late of [
        () => queue.complete(database, old!),
        () => queue.fail(database, old!, { reason: "late" }),
        () => queue.renew(old!),
      ]) {
        await expect(late()).rejects.toMatchObject({ code: "LEASE_LOST" });
      }
      await queue.complete(database, again!);
      await expect(queue.complete(database, again!)).rejects.toMatchObject({ code: "LEASE_LOST" });
    });

    it("keeps a claim that is renewed", async () => {
      await add("a");
      let [claim] = await queue.claim("me", 1);
      for (let round = 0; round < 4; round++) {
        await clock.advance(600);
        claim = await queue.renew(claim!);
      }
      expect(await claimed()).toEqual([]);
    });

    it("S-2: tries again after pauses that double, then ends in the dead letters with the reason", async () => {
      await add("a", "k");
      await add("b", "k");
      const outcomes = [];
      for (const pauseMs of [0, 100, 200]) {
        await clock.advance(pauseMs);
        const [claim] = await queue.claim("me", 1);
        outcomes.push(await queue.fail(database, claim!, { reason: "refused" }));
      }
      expect(outcomes).toEqual([
        { kind: "retry", inMs: 100 },
        { kind: "retry", inMs: 200 },
        { kind: "dead", reason: "refused" },
      ]);
      expect(await queue.deadLetters()).toMatchObject([{ id: "a", reason: "refused", attempts: 3, body: "body of a" }]);
      expect(await claimed()).toEqual(["b"]);
    });

    it("lets the later items of a key wait while the first one pauses", async () => {
      await add("a", "k");
      await add("b", "k");
      const [claim] = await queue.claim("me", 1);
      await queue.fail(database, claim!, { reason: "busy" });
      expect(await claimed()).toEqual([]);
      await clock.advance(100);
      expect(await claimed()).toEqual(["a"]);
    });

    it("does not try again what cannot succeed", async () => {
      await add("a");
      const [claim] = await queue.claim("me", 1);
      const outcome = await queue.fail(database, claim!, { reason: "malformed", permanent: true });
      expect(outcome).toEqual({ kind: "dead", reason: "malformed" });
      expect(await queue.depth()).toBe(0);
    });

    it("S-2: buries an item that kills whoever takes it", async () => {
      await add("poison");
      for (let round = 0; round < 3; round++) {
        expect(await claimed()).toEqual(["poison"]);
        await clock.advance(1_000);
      }
      expect(await claimed()).toEqual([]);
      expect(await queue.deadLetters()).toMatchObject([{ id: "poison", reason: "its lease ran out 3 times" }]);
    });

    it("gives an item to one of those who ask at once", async () => {
      for (const id of ["a", "b", "c"]) await add(id);
      const claims = await Promise.all([1, 2, 3, 4].map((who) => queue.claim(`worker ${who}`, 2)));
      expect(
        claims
          .flat()
          .map(({ id }) => id)
          .toSorted(),
      ).toEqual(["a", "b", "c"]);
    });

    it("gives an item again after the wall clock went back by hours", async () => {
      await add("a");
      await claimed();
      clock.jumpWall(-3 * 3_600_000);
      expect(await claimed()).toEqual(["a"]);
    });

    it("finds an item that was changed where it lay", async () => {
      await add("a");
      await database.updateTable("store_work").set({ body: "forged" }).execute();
      await expect(queue.claim("me", 1)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    });

    it("keeps queues apart, and forgets what is done when told", async () => {
      const other = new WorkQueue({ database, clock, queue: "other" });
      await add("a");
      await other.enqueue(database, { id: "a", key: "a", body: "" });
      const [claim] = await other.claim("me", 5);
      await other.complete(database, claim!);
      await other.prune(clock.nowMs() + 1);
      expect(await other.enqueue(database, { id: "a", key: "a", body: "" })).toBe(true);
      await queue.prune(clock.nowMs() + 1);
      expect(await claimed()).toEqual(["a"]);
    });
  });
}

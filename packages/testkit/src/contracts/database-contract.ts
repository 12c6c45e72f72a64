import { isUniqueViolation, type Migration } from "@qmtl/store";
import { sql, type Kysely } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

export interface DatabaseHarness {
  /** Opens the database; a second call opens the same one again, with what it holds. */
  open<Tables>(migrations: readonly Migration[]): Promise<Kysely<Tables>>;
  /** Closes whatever is open, and removes it all. */
  close(): Promise<void>;
}

interface Tables {
  samples: { id: number; name: string | null; size: number | null; amount: number | null; body: Uint8Array | null };
}

/** What every SQL database does, as far as the services lean on it. `harness` gives an empty one. */
export function databaseContract(name: string, harness: () => Promise<DatabaseHarness>): void {
  describe(`${name}, as a database`, () => {
    let place: DatabaseHarness;
    let database: Kysely<Tables>;
    beforeEach(async () => {
      place = await harness();
      database = await place.open<Tables>([samples]);
    });
    afterEach(() => place.close());

    const insert = (db: Kysely<Tables>, id: number, fields: Partial<Tables["samples"]> = {}) =>
      db.insertInto("samples").values({ id, name: null, size: null, amount: null, body: null, ...fields });
    const ids = async (): Promise<number[]> =>
      (await database.selectFrom("samples").select("id").orderBy("id").execute()).map(({ id }) => id);

    it("gives back what was stored", async () => {
      const rows = [
        { id: 1, name: "가나다 🙂 'quoted' \"too\"", size: Number.MAX_SAFE_INTEGER, amount: 0.1, body: null },
        { id: 2, name: "", size: Number.MIN_SAFE_INTEGER, amount: -1.5e300, body: Uint8Array.of(0, 255) },
        { id: 3, name: null, size: 0, amount: 5e-324, body: null },
        { id: -4, name: "3", size: 1_767_225_600_000, amount: 3, body: null },
      ];
      await database.insertInto("samples").values(rows).execute();
      for (const row of rows) {
        const found = await database
          .selectFrom("samples")
          .selectAll()
          .where("id", "=", row.id)
          .executeTakeFirstOrThrow();
        expect({ ...found, body: found.body === null ? null : Uint8Array.from(found.body) }).toEqual(row);
      }
    });

    it("keeps a statement's answer: rows returned, rows changed, rows in conflict", async () => {
      expect(await insert(database, 1, { name: "a" }).returning(["id", "name"]).execute()).toEqual([
        { id: 1, name: "a" },
      ]);
      const again = insert(database, 1).onConflict((conflict) => conflict.column("id").doNothing());
      expect((await again.executeTakeFirst()).numInsertedOrUpdatedRows).toBe(0n);
      const upsert = insert(database, 1).onConflict((conflict) => conflict.column("id").doUpdateSet({ name: "b" }));
      expect(await upsert.returning("name").execute()).toEqual([{ name: "b" }]);
      const swap = (from: string, to: string) =>
        database.updateTable("samples").set({ name: to }).where("name", "=", from).executeTakeFirst();
      expect((await swap("b", "c")).numUpdatedRows).toBe(1n);
      expect((await swap("b", "d")).numUpdatedRows).toBe(0n);
      expect((await database.deleteFrom("samples").executeTakeFirst()).numDeletedRows).toBe(1n);
    });

    it("undoes a transaction that throws, all of it", async () => {
      const failing = database.transaction().execute(async (transaction) => {
        await insert(transaction, 1).execute();
        await insert(transaction, 2).execute();
        throw new Error("changed its mind");
      });
      await expect(failing).rejects.toThrow("changed its mind");
      expect(await ids()).toEqual([]);
    });

    it("shows a transaction its own rows, and the others none before they are committed", async () => {
      const written = Promise.withResolvers<void>();
      const seen = Promise.withResolvers<void>();
      const writing = database.transaction().execute(async (transaction) => {
        await insert(transaction, 1).execute();
        expect(await transaction.selectFrom("samples").select("id").execute()).toEqual([{ id: 1 }]);
        written.resolve();
        await seen.promise;
      });
      await written.promise;
      const reading = ids();
      // Where there is one connection only, the reader waits for the transaction instead.
      void Promise.race([reading, new Promise((resolve) => setImmediate(resolve))]).then(() => seen.resolve());
      await writing;
      expect([[], [1]]).toContainEqual(await reading);
      expect(await ids()).toEqual([1]);
    });

    it("fails one of many transactions alone", async () => {
      await insert(database, 7).execute();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, id) =>
          database.transaction().execute(async (transaction) => {
            await insert(transaction, 100 + id).execute();
            if (id % 3 === 0) await insert(transaction, 7).execute();
            if (id % 5 === 0) throw new Error("no");
          }),
        ),
      );
      const failed = outcomes.flatMap(({ status }, id) => (status === "rejected" ? [id] : []));
      expect(failed).toEqual([0, 3, 5, 6, 9, 10, 12, 15, 18]);
      const kept = Array.from({ length: 20 }, (_, id) => id).filter((id) => !failed.includes(id));
      expect(await ids()).toEqual([7, ...kept.map((id) => 100 + id)]);
      for (const id of [3, 6, 9, 12, 18]) {
        const outcome = outcomes[id]!;
        expect(outcome.status === "rejected" && isUniqueViolation(outcome.reason)).toBe(true);
      }
    });

    it("loses no update of transactions that read and then write", async () => {
      await insert(database, 1, { size: 0 }).execute();
      await Promise.all(
        Array.from({ length: 30 }, () =>
          database.transaction().execute(async (transaction) => {
            const { size } = await transaction.selectFrom("samples").select("size").executeTakeFirstOrThrow();
            await transaction
              .updateTable("samples")
              .set({ size: (size ?? 0) + 1 })
              .execute();
          }),
        ),
      );
      expect(await database.selectFrom("samples").select("size").execute()).toEqual([{ size: 30 }]);
    });

    it("opens again with what it holds, and runs each step of the schema once", async () => {
      await insert(database, 1).execute();
      const more: Migration = {
        name: "more",
        async up(db) {
          await db.schema.alterTable("samples").addColumn("extra", "text").execute();
        },
      };
      const opened = await Promise.all([1, 2, 3].map(() => place.open<Tables>([samples, more])));
      for (const again of opened) {
        expect(await again.selectFrom("samples").selectAll().execute()).toMatchObject([{ id: 1, extra: null }]);
      }
    });

    it("refuses a schema that is newer than the program, or was edited after it ran", async () => {
      await expect(place.open([])).rejects.toMatchObject({ code: "STORE_FAILED", details: { unknown: ["samples"] } });
      const editedStep: Migration = {
        name: "samples",
        async up(db) {
          await sql`create table samples (id bigint)`.execute(db);
        },
      };
      await expect(place.open([editedStep])).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    });

    it("keeps nothing of steps that failed half-way", async () => {
      const broken: Migration = {
        name: "broken",
        async up(db) {
          await db.schema.createTable("half").addColumn("id", "bigint").execute();
          await db.schema.createTable("samples").addColumn("id", "bigint").execute();
        },
      };
      await expect(place.open([samples, broken])).rejects.toThrow();
      const fixed: Migration = {
        name: "broken",
        async up(db) {
          await db.schema.createTable("half").addColumn("id", "bigint").execute();
        },
      };
      await expect(place.open([samples, fixed])).resolves.toBeDefined();
    });

    it("refuses NaN, which has no form in SQL", async () => {
      await expect(insert(database, 1, { amount: Number.NaN }).execute()).rejects.toThrow("store null");
    });
  });
}

const samples: Migration = {
  name: "samples",
  async up(database) {
    await database.schema
      .createTable("samples")
      .addColumn("id", "bigint", (column) => column.primaryKey().notNull())
      .addColumn("name", "text")
      .addColumn("size", "bigint")
      .addColumn("amount", "double precision")
      .addColumn("body", "blob")
      .execute();
  },
};

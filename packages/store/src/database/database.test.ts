import { VirtualClock } from "@qmtl/testkit/clock";
import { sql, type Kysely } from "kysely";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { openEmbeddedDatabase } from "./index.ts";

interface T {
  items: { id: number; name: string };
}
const migrations = [
  {
    name: "items",
    up: async (db: Kysely<unknown>) => {
      await sql`create table items (id bigint primary key, name text)`.execute(db);
    },
  },
];
it.each([":memory:", "file"])("smoke %s", async (where) => {
  const dir = mkdtempSync(join(tmpdir(), "q-"));
  const path = where === "file" ? join(dir, "x", "a.db") : where;
  const db = await openEmbeddedDatabase<T>({ path, migrations, clock: new VirtualClock() });
  await Promise.all(
    Array.from({ length: 100 }, async (_, c) => {
      for (let i = 0; i < 50; i++) {
        const wrong = i === 7 && c === 3;
        await db
          .transaction()
          .execute(async (trx) => {
            await trx
              .insertInto("items")
              .values({ id: c * 1000 + i, name: "x" })
              .execute();
            await trx
              .selectFrom("items")
              .select("id")
              .where("id", "=", c * 1000)
              .execute();
            if (wrong) throw new Error("no");
          })
          .catch((e: Error) => expect(e.message).toBe("no"));
      }
    }),
  );
  expect(
    await db
      .selectFrom("items")
      .select((e) => e.fn.countAll<number>().as("n"))
      .executeTakeFirst(),
  ).toEqual({ n: 4999 });
  await db.destroy();
  rmSync(dir, { recursive: true });
});

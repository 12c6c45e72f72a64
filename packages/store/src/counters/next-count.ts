import { sql, type Kysely } from "kysely";
import { narrowed, type StoreTables } from "../tables/index.ts";

/**
 * Adds `by` to a counter that lives in the database and answers its new value; the first is `by`. Inside a transaction
 * the counter belongs to that transaction until it ends, so counts come in the order of commits, without holes.
 */
export async function nextCount<Tables extends StoreTables>(
  transaction: Kysely<Tables>,
  name: string,
  by = 1,
): Promise<number> {
  const { value } = await narrowed(transaction)
    .insertInto("store_counters")
    .values({ name, value: by })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value: sql`store_counters.value + ${by}` }))
    .returning("value")
    .executeTakeFirstOrThrow();
  return value;
}

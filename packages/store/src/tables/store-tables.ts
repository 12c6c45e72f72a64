import { sql, type Kysely } from "kysely";
import type { Migration } from "../database/index.ts";

/** The tables of this package: every service's database has them beside its own. */
export interface StoreTables {
  store_counters: { name: string; value: number };
  store_outbox: {
    position: number;
    topic: string;
    key: string;
    sequence: number;
    body: string;
    checksum: number;
    created_ms: number;
    published_ms: number | null;
    refused: string | null; // why the bus will never take it
  };
  store_audit: {
    scope: string;
    sequence: number;
    at_ms: number;
    actor: string;
    action: string;
    outcome: string;
    request_hash: string;
    before_hash: string | null;
    after_hash: string | null;
    correlation_id: string;
    details: string;
    previous_hash: string;
    hash: string;
  };
  store_audit_heads: { scope: string; sequence: number; hash: string };
  store_work: {
    position: number;
    queue: string;
    id: string;
    item_key: string;
    body: string;
    checksum: number;
    state: "queued" | "claimed" | "done" | "dead";
    attempts: number;
    token: number;
    holder: string | null;
    claimed_ms: number;
    lease_expires_ms: number;
    not_before_ms: number;
    reason: string | null;
    enqueued_ms: number;
    updated_ms: number;
  };
}

/** Comes first in the list of every service's migrations. */
export const storeMigrations: readonly Migration[] = [
  {
    name: "store-1",
    async up(database: Kysely<unknown>) {
      const { schema } = database;
      await schema
        .createTable("store_counters")
        .addColumn("name", "text", (column) => column.primaryKey().notNull())
        .addColumn("value", "bigint", (column) => column.notNull())
        .execute();
      await schema
        .createTable("store_outbox")
        .addColumn("position", "bigint", (column) => column.primaryKey().notNull())
        .addColumn("topic", "text", (column) => column.notNull())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("sequence", "bigint", (column) => column.notNull())
        .addColumn("body", "text", (column) => column.notNull())
        .addColumn("checksum", "bigint", (column) => column.notNull())
        .addColumn("created_ms", "bigint", (column) => column.notNull())
        .addColumn("published_ms", "bigint")
        .addColumn("refused", "text")
        .addUniqueConstraint("store_outbox_sequence", ["topic", "key", "sequence"])
        .execute();
      await sql`create index store_outbox_waiting on store_outbox (position)
        where published_ms is null and refused is null`.execute(database);
      await schema
        .createTable("store_audit")
        .addColumn("scope", "text", (column) => column.notNull())
        .addColumn("sequence", "bigint", (column) => column.notNull())
        .addColumn("at_ms", "bigint", (column) => column.notNull())
        .addColumn("actor", "text", (column) => column.notNull())
        .addColumn("action", "text", (column) => column.notNull())
        .addColumn("outcome", "text", (column) => column.notNull())
        .addColumn("request_hash", "text", (column) => column.notNull())
        .addColumn("before_hash", "text")
        .addColumn("after_hash", "text")
        .addColumn("correlation_id", "text", (column) => column.notNull())
        .addColumn("details", "text", (column) => column.notNull())
        .addColumn("previous_hash", "text", (column) => column.notNull())
        .addColumn("hash", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("store_audit_key", ["scope", "sequence"])
        .execute();
      await schema
        .createTable("store_audit_heads")
        .addColumn("scope", "text", (column) => column.primaryKey().notNull())
        .addColumn("sequence", "bigint", (column) => column.notNull())
        .addColumn("hash", "text", (column) => column.notNull())
        .execute();
      await schema
        .createTable("store_work")
        .addColumn("position", "bigint", (column) => column.primaryKey().notNull())
        .addColumn("queue", "text", (column) => column.notNull())
        .addColumn("id", "text", (column) => column.notNull())
        .addColumn("item_key", "text", (column) => column.notNull())
        .addColumn("body", "text", (column) => column.notNull())
        .addColumn("checksum", "bigint", (column) => column.notNull())
        .addColumn("state", "text", (column) => column.notNull())
        .addColumn("attempts", "bigint", (column) => column.notNull())
        .addColumn("token", "bigint", (column) => column.notNull())
        .addColumn("holder", "text")
        .addColumn("claimed_ms", "bigint", (column) => column.notNull())
        .addColumn("lease_expires_ms", "bigint", (column) => column.notNull())
        .addColumn("not_before_ms", "bigint", (column) => column.notNull())
        .addColumn("reason", "text")
        .addColumn("enqueued_ms", "bigint", (column) => column.notNull())
        .addColumn("updated_ms", "bigint", (column) => column.notNull())
        .addUniqueConstraint("store_work_id", ["queue", "id"])
        .execute();
      // What is done piles up until it is pruned; claims never look at it.
      await sql`create index store_work_open on store_work (queue, item_key, position)
        where state in ('queued', 'claimed')`.execute(database);
      await sql`create index store_work_order on store_work (queue, position)
        where state in ('queued', 'claimed')`.execute(database);
    },
  },
];

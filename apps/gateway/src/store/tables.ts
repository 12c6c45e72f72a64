import { openEmbeddedDatabase, storeMigrations, type Migration, type StoreTables } from "@qmtl/store";
import type { SqliteFileOptions } from "@qmtl/store/sqlite";
import { sql, type Generated, type Kysely } from "kysely";

/** Times are epoch milliseconds; JSON is text. */
export interface GatewayTables extends StoreTables {
  submissions: SubmissionRow;
  submission_events: SubmissionEventRow;
  world_bindings: {
    world_id: string;
    strategy_id: string;
    created_ms: number;
    next_ms: number | null; // when WorldService is told next; null once it knows
  };
  idempotent_answers: {
    subject: string;
    key: string;
    body_hash: string;
    strategy_id: string;
    answer: string | null; // null until the first answer is on its way out
    created_ms: number;
  };
  history_reports: { strategy_id: string; node_id: string; interval_s: number; report: string; reported_ms: number };
  fills: FillRow;
}

export interface SubmissionRow {
  seq: Generated<number>;
  strategy_id: string;
  dedupe_key: string | null; // null once it may be submitted again
  dag_hash: string;
  dag_json: string; // as it goes to the DAG Manager, sentinel included
  node_ids_crc32: number;
  tag_queries: string;
  contexts: string; // one compute context per world
  world_ids: string;
  meta: string;
  subject: string;
  correlation_id: string;
  status: string;
  revision: number;
  attempts: number;
  waits: number;
  reason: string | null;
  accepted_ms: number;
  updated_ms: number;
  not_before_ms: number;
  claim_token: number | null;
  claim_holder: string | null;
  claim_until_ms: number | null;
  last_token: number;
  ready_ms: number | null; // when a worker may take it; null when it is final
  sentinel_id: string;
  queue_map: string | null;
}

export interface SubmissionEventRow {
  id: Generated<number>;
  strategy_id: string;
  revision: number;
  event: string;
  status: string;
  reason: string | null;
  ts_ms: number;
}

export interface FillRow {
  position: Generated<number>;
  fill_key: string; // who, which order, which fill of it
  body_hash: string;
  world_id: string;
  strategy_id: string;
  order_id: string;
  body: string;
  fill_time_ms: number;
  received_ms: number;
}

const migrations: readonly Migration[] = [
  {
    name: "0001-gateway",
    up: async (database) => {
      for (const statement of firstSchema) await sql.raw(statement).execute(database);
    },
  },
  ...storeMigrations, // behind the first one: there are databases that have it already
];

// In the common subset of SQLite and Postgres, but for the keys that count themselves.
const firstSchema = [
  `create table submissions (
    seq integer primary key, strategy_id text not null unique, dedupe_key text unique, dag_hash text not null,
    dag_json text not null, node_ids_crc32 bigint not null, tag_queries text not null, contexts text not null,
    world_ids text not null, meta text not null, subject text not null, correlation_id text not null,
    status text not null, revision bigint not null, attempts bigint not null, waits bigint not null, reason text,
    accepted_ms bigint not null, updated_ms bigint not null, not_before_ms bigint not null, claim_token bigint,
    claim_holder text, claim_until_ms bigint, last_token bigint not null, ready_ms bigint, sentinel_id text not null,
    queue_map text)`,
  "create index submissions_open on submissions (seq) where ready_ms is not null",
  `create table submission_events (
    id integer primary key, strategy_id text not null, revision bigint not null, event text not null,
    status text not null, reason text, ts_ms bigint not null, unique (strategy_id, revision))`,
  `create table world_bindings (
    world_id text not null, strategy_id text not null, created_ms bigint not null, next_ms bigint,
    primary key (world_id, strategy_id))`,
  "create index world_bindings_open on world_bindings (next_ms) where next_ms is not null",
  `create table idempotent_answers (
    subject text not null, key text not null, body_hash text not null, strategy_id text not null, answer text,
    created_ms bigint not null, primary key (subject, key))`,
  "create index idempotent_answers_age on idempotent_answers (created_ms)",
  `create table history_reports (
    strategy_id text not null, node_id text not null, interval_s bigint not null, report text not null,
    reported_ms bigint not null, primary key (strategy_id, node_id, interval_s))`,
  `create table fills (
    position integer primary key, fill_key text not null unique, body_hash text not null, world_id text not null,
    strategy_id text not null, order_id text not null, body text not null, fill_time_ms bigint not null,
    received_ms bigint not null)`,
  "create index fills_scope on fills (world_id, strategy_id, position)",
];

/** Opens the Gateway's own database. @throws QmtlError `STORE_FAILED`, `STORE_CORRUPT` */
export function openGatewayDatabase(options: SqliteFileOptions): Promise<Kysely<GatewayTables>> {
  return openEmbeddedDatabase<GatewayTables>({ ...options, migrations });
}

import { compareCodePoints, QmtlError, type Clock, type Ids } from "@qmtl/core";
import { rowChecksum, verifyRow } from "@qmtl/store/database";
import type { RunStatement, SqliteFile, SqlRow } from "@qmtl/store/sqlite";
import type { Subscription } from "../control/index.ts";
import type {
  Appended,
  DataLog,
  DivergenceAlarm,
  LogHandler,
  LogRecord,
  LogSubscribeOptions,
  NewTopic,
  OutgoingRecord,
  TopicConfig,
  TopicInfo,
} from "../data-log/index.ts";
import { Follower, type Retry } from "../following/index.ts";
import { EmbeddedPlace } from "./embedded-place.ts";
import { EmbeddedTopics, found, topicTable } from "./embedded-topics.ts";

export const dataLogSchema = [
  topicTable,
  // Of topics that have or had records.
  `create table ends (topic_id integer primary key, next_offset bigint not null, retention_ms bigint not null)`,
  // The highest token seen: it outlives the records.
  `create table keys (
    topic_id bigint not null, key text not null, token bigint not null, primary key (topic_id, key)
  ) without rowid`,
  `create table records (
    topic_id bigint not null, record_offset bigint not null, key text not null, bucket_ms bigint not null,
    revision bigint not null, input_hash text not null, token bigint not null, payload text not null,
    checksum bigint not null, appended_ms bigint not null,
    primary key (topic_id, record_offset), unique (topic_id, key, bucket_ms, revision)
  ) without rowid`,
];

export interface EmbeddedDataLogOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly retry: Retry;
  readonly onDivergence: (alarm: DivergenceAlarm) => void;
  readonly onFailure: (error: unknown) => void;
}

const batchMax = 256;
const retentionPauseMs = 60_000;

export class EmbeddedDataLog implements DataLog {
  readonly #file: SqliteFile;
  readonly #options: EmbeddedDataLogOptions;
  readonly #topics: EmbeddedTopics;
  readonly #subscriptions = new Set<Subscription>();
  #prunedMs: number;

  constructor(file: SqliteFile, options: EmbeddedDataLogOptions) {
    this.#file = file;
    this.#options = options;
    this.#topics = new EmbeddedTopics(file);
    this.#prunedMs = options.clock.monotonicMs();
  }

  ensureTopic(name: string, config: TopicConfig): Promise<void> {
    return this.ensureTopics([{ name, config }]);
  }

  ensureTopics(wanted: readonly NewTopic[]): Promise<void> {
    return this.#topics.ensure(wanted);
  }

  async dropTopic(name: string): Promise<boolean> {
    await this.#topics.committed();
    return this.#file.write((run) => {
      const topic = this.#topics.drop(run, name);
      if (topic === undefined) return false;
      for (const table of ["ends", "records", "keys"]) run(`delete from ${table} where topic_id = ?`, [topic.id]);
      run("delete from places where topic = ?", [String(topic.id)]);
      return true;
    });
  }

  async topics(): Promise<readonly TopicInfo[]> {
    const topics = await this.#topics.committed();
    const rows = await this.#file.read(
      `select topic_id, next_offset, coalesce(
        (select min(record_offset) from records where records.topic_id = ends.topic_id), next_offset) as start_offset
       from ends`,
    );
    const ends = new Map(rows.map((row) => [Number(row["topic_id"]), row]));
    const names = topics.names().sort(compareCodePoints);
    return names.map((name) => {
      const { id, config } = topics.find(name)!;
      const { start_offset: startOffset = 0, next_offset: endOffset = 0 } = ends.get(id) ?? {};
      return { name, config, startOffset: Number(startOffset), endOffset: Number(endOffset) };
    });
  }

  async append(topic: string, records: readonly OutgoingRecord[]): Promise<readonly Appended[]> {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const alarms: DivergenceAlarm[] = [];
    await this.#topics.committed();
    const answers = await this.#file.write((run) => {
      const { id, config } = found(topic, this.#topics.within(run).find(topic));
      const nextOffset = nextOffsetOf(run(endOf, [id]));
      let offset = nextOffset;
      const appended = records.map((record) => {
        const answer = appendRecord(run, { id, topic, offset, nowMs }, record, alarms);
        if (answer.status !== "duplicate") offset++;
        return answer;
      });
      if (offset > nextOffset) run("insert or replace into ends values (?, ?, ?)", [id, offset, config.retentionMs]);
      if (clock.monotonicMs() - this.#prunedMs >= retentionPauseMs) {
        this.#prunedMs = clock.monotonicMs();
        prune(run, nowMs);
      }
      return appended;
    });
    for (const alarm of alarms) this.#options.onDivergence(alarm);
    return answers;
  }

  async read(topic: string, fromOffset: number, limit: number): Promise<readonly LogRecord[]> {
    const { id } = await this.#topics.named(topic);
    const start = fromOffset < 0 ? Math.max(0, (await this.#nextOffset(id)) + fromOffset) : fromOffset;
    return this.#records(topic, id, start, limit);
  }

  async subscribe(topic: string, options: LogSubscribeOptions, handler: LogHandler): Promise<Subscription> {
    const { clock, ids, retry, onFailure } = this.#options;
    const { id } = await this.#topics.named(topic);
    const { from } = options;
    const start = from === "latest" ? await this.#nextOffset(id) : from === "earliest" ? 0 : from;
    const placeOptions = { file: this.#file, clock, topic: id, holder: ids.next() };
    const { group } = options;
    const place = group === undefined ? undefined : await EmbeddedPlace.open({ ...placeOptions, group }, start);
    const follower = new Follower<LogRecord>({
      clock,
      retry,
      position: place?.position ?? start,
      ...(place === undefined ? {} : { place }),
      read: (fromOffset) => this.#records(topic, id, fromOffset, batchMax),
      handle: async (records) => {
        await handler(records);
        return records.length;
      },
      watch: (changed) => this.#file.watch(changed),
      onFailure,
    });
    this.#subscriptions.add(follower);
    return follower;
  }

  async size(topic: string): Promise<number> {
    const { id } = await this.#topics.named(topic);
    const [row] = await this.#file.read("select count(*) as size from records where topic_id = ?", [id]);
    return Number(row!["size"]);
  }

  async lag(topic: string, group: string): Promise<number> {
    const { id } = await this.#topics.named(topic);
    const [row] = await this.#file.read(
      `select count(*) as lag from records where topic_id = ? and record_offset >= coalesce(
        (select position from places where topic = ? and place_group = ?), 0)`,
      [id, String(id), group],
    );
    return Number(row!["lag"]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    this.#subscriptions.clear();
  }

  async #nextOffset(id: number): Promise<number> {
    return nextOffsetOf(await this.#file.read(endOf, [id]));
  }

  async #records(topic: string, id: number, fromOffset: number, limit: number): Promise<readonly LogRecord[]> {
    const sql = "select * from records where topic_id = ? and record_offset >= ? order by record_offset limit ?";
    const rows = await this.#file.read(sql, [id, fromOffset, limit]);
    return rows.map((row) => logRecord(this.#file.path, topic, row));
  }
}

const endOf = "select next_offset from ends where topic_id = ?";

function nextOffsetOf([row]: readonly SqlRow[]): number {
  return Number(row?.["next_offset"] ?? 0);
}

interface AppendPlace {
  readonly id: number;
  readonly topic: string;
  readonly offset: number;
  readonly nowMs: number;
}

function appendRecord(
  run: RunStatement,
  place: AppendPlace,
  record: OutgoingRecord,
  alarms: DivergenceAlarm[],
): Appended {
  const { id, topic, offset, nowMs } = place;
  const { key, bucketMs, inputHash, token, payload } = record;
  fence(run, place, record);
  const earlier = run(
    `select record_offset, revision, input_hash from records
     where topic_id = ? and key = ? and bucket_ms = ? order by revision desc`,
    [id, key, bucketMs],
  );
  const [latest] = earlier;
  const latestRevision = latest === undefined ? -1 : Number(latest["revision"]);
  const declared = (record.revision ?? 0) > latestRevision;
  const same = declared ? undefined : earlier.find((row) => row["input_hash"] === inputHash);
  if (same !== undefined) return { offset: Number(same["record_offset"]), status: "duplicate" };
  if (latest !== undefined && declared && latest["input_hash"] === inputHash) {
    return { offset: Number(latest["record_offset"]), status: "duplicate" };
  }
  if (latest !== undefined && !declared) {
    const inputHashes = [String(latest["input_hash"]), inputHash] as const;
    alarms.push({ topic, key, bucketMs, token, inputHashes, offset });
  }
  const revision = latestRevision + 1;
  const checksum = rowChecksum(offset, key, bucketMs, revision, inputHash, token, payload);
  run("insert into records values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [
    id,
    offset,
    key,
    bucketMs,
    revision,
    inputHash,
    token,
    payload,
    checksum,
    nowMs,
  ]);
  return { offset, status: latest === undefined ? "appended" : "revised" };
}

function fence(run: RunStatement, { id, topic }: AppendPlace, { key, token }: OutgoingRecord): void {
  const [found] = run("select token from keys where topic_id = ? and key = ?", [id, key]);
  const highest = Number(found?.["token"] ?? 0);
  if (token < highest) {
    throw new QmtlError("FENCED", `the token ${token} for "${key}" on "${topic}" is older than ${highest}`, {
      details: { topic, key, token, highest },
      hint: "another writer has taken over: stop writing and acquire the lease again",
    });
  }
  if (found !== undefined && token === highest) return;
  run("insert or replace into keys values (?, ?, ?)", [id, key, token]);
}

function logRecord(path: string, topic: string, row: SqlRow): LogRecord {
  const record: LogRecord = {
    offset: Number(row["record_offset"]),
    key: String(row["key"]),
    bucketMs: Number(row["bucket_ms"]),
    revision: Number(row["revision"]),
    inputHash: String(row["input_hash"]),
    token: Number(row["token"]),
    payload: String(row["payload"]),
    appendedMs: Number(row["appended_ms"]),
  };
  const { offset, key, bucketMs, revision, inputHash, token, payload } = record;
  const fields = [offset, key, bucketMs, revision, inputHash, token, payload];
  verifyRow(`record ${offset} of topic "${topic}" in ${path}`, Number(row["checksum"]), ...fields);
  return record;
}

function prune(run: RunStatement, nowMs: number): void {
  run(
    "delete from records where appended_ms < ? - (select retention_ms from ends where ends.topic_id = records.topic_id)",
    [nowMs],
  );
}

import { QmtlError, sleep, type Clock, type Ids } from "@qmtl/core";
import { readCloudEvent, type ControlTopic } from "@qmtl/contracts/events";
import { rowChecksum, verifyRow } from "@qmtl/store/database";
import { SqliteFile, type RunStatement, type SqliteFileOptions, type SqlRow } from "@qmtl/store/sqlite";
import type {
  ControlBus,
  ControlHandler,
  ControlMessage,
  DeadLetter,
  OutgoingEvent,
  StartPosition,
  SubscribeOptions,
  Subscription,
} from "../control/index.ts";
import { defaultRetry, Follower, pauseMs, type Retry } from "../following/index.ts";
import { EmbeddedPlace, placeTable } from "./embedded-place.ts";

/** The file is one that all processes of the machine share (`.qmtl/bus.db`), or ":memory:" for one process. */
export interface EmbeddedControlBusOptions extends SqliteFileOptions {
  readonly ids: Ids;
  readonly retry?: Retry;
  /** How long an event is kept, but for the last one of its key, which stays; 24 h unless told. */
  readonly retentionMs?: number;
  /** Told of everything a subscription will try again: a bus that cannot be read, a place that was lost. */
  readonly onFailure?: (error: unknown) => void;
}

/** @throws QmtlError `STORE_FAILED`, `STORE_CORRUPT` */
export async function openEmbeddedControlBus(options: EmbeddedControlBusOptions): Promise<ControlBus> {
  const file = new SqliteFile(options);
  await file.upgrade([schema]);
  return new EmbeddedControlBus(file, options);
}

const schema = [
  "create table topics (topic text primary key, next_offset bigint not null)",
  `create table events (
    topic text not null, event_offset bigint not null, key text not null, sequence bigint not null,
    body text not null, checksum bigint not null, published_ms bigint not null,
    primary key (topic, event_offset), unique (topic, key, sequence)
  ) without rowid`,
  // What compaction has forgotten is still known to have been there.
  `create table keys (
    topic text not null, key text not null, last_sequence bigint not null, compacted_sequence bigint not null,
    primary key (topic, key)
  ) without rowid`,
  `create table dead_letters (
    topic text not null, event_offset bigint not null, key text not null, sequence bigint not null, body text not null,
    place_group text, reason text not null, attempts bigint not null, failed_ms bigint not null
  )`,
  "create index dead_letters_by_topic on dead_letters (topic, failed_ms)",
  placeTable,
];

const batchMax = 64;
const compactionPauseMs = 60_000;

class EmbeddedControlBus implements ControlBus {
  readonly #file: SqliteFile;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #retry: Retry;
  readonly #retentionMs: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #subscriptions = new Set<Subscription>();
  #compactedMs: number;

  constructor(file: SqliteFile, options: EmbeddedControlBusOptions) {
    this.#file = file;
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#retry = options.retry ?? defaultRetry;
    this.#retentionMs = options.retentionMs ?? 86_400_000;
    this.#onFailure = options.onFailure ?? (() => {});
    this.#compactedMs = options.clock.monotonicMs();
  }

  async publish(topic: ControlTopic, events: readonly OutgoingEvent[]): Promise<void> {
    if (events.length === 0) return;
    const nowMs = this.#clock.nowMs();
    await this.#file.write((run) => {
      let offset = nextOffset(run("select next_offset from topics where topic = ?", [topic]));
      for (const outgoing of events) if (insertEvent(run, topic, outgoing, offset, nowMs)) offset++;
      run("insert into topics values (?, ?) on conflict (topic) do update set next_offset = ?", [
        topic,
        offset,
        offset,
      ]);
      if (this.#clock.monotonicMs() - this.#compactedMs >= compactionPauseMs) {
        this.#compactedMs = this.#clock.monotonicMs();
        compact(run, nowMs - this.#retentionMs);
      }
    });
  }

  async subscribe(topic: ControlTopic, options: SubscribeOptions, handler: ControlHandler): Promise<Subscription> {
    const { group } = options;
    const start = await this.#startOffset(topic, options.from);
    const placeOptions = { file: this.#file, clock: this.#clock, topic, holder: this.#ids.next() };
    const place = group === undefined ? undefined : await EmbeddedPlace.open({ ...placeOptions, group }, start);
    const follower = new Follower<StoredEvent>({
      clock: this.#clock,
      retry: this.#retry,
      position: place?.position ?? start,
      ...(place === undefined ? {} : { place }),
      read: (fromOffset) => this.#stored(topic, fromOffset, batchMax),
      handle: (events, signal) => this.#deliver(topic, events, { ...options, handler, signal }),
      watch: (changed) => this.#file.watch(changed),
      onFailure: this.#onFailure,
    });
    this.#subscriptions.add(follower);
    return follower;
  }

  async deadLetters(topic: ControlTopic): Promise<readonly DeadLetter[]> {
    const rows = await this.#file.read("select * from dead_letters where topic = ? order by rowid", [topic]);
    return rows.map((row) => ({
      topic,
      offset: Number(row["event_offset"]),
      key: String(row["key"]),
      sequence: Number(row["sequence"]),
      body: String(row["body"]),
      group: row["place_group"] === null ? undefined : String(row["place_group"]),
      reason: String(row["reason"]),
      attempts: Number(row["attempts"]),
      failedMs: Number(row["failed_ms"]),
    }));
  }

  async read(topic: ControlTopic, fromOffset: number, limit: number): Promise<readonly ControlMessage[]> {
    return (await this.#stored(topic, fromOffset, limit)).map((stored) => message(topic, stored));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    this.#subscriptions.clear();
    await this.#file.close();
  }

  async #startOffset(topic: ControlTopic, from: StartPosition): Promise<number> {
    if (from === "earliest") return 0;
    if (typeof from === "number") return from;
    return nextOffset(await this.#file.read("select next_offset from topics where topic = ?", [topic]));
  }

  async #stored(topic: ControlTopic, fromOffset: number, limit: number): Promise<readonly StoredEvent[]> {
    const sql = "select * from events where topic = ? and event_offset >= ? order by event_offset limit ?";
    const rows = await this.#file.read(sql, [topic, fromOffset, limit]);
    return rows.map((row) => storedEvent(this.#file.path, topic, row));
  }

  async #deliver(topic: ControlTopic, events: readonly StoredEvent[], delivery: Delivery): Promise<number> {
    let done = 0;
    for (const stored of events) {
      if (delivery.signal.aborted || !(await this.#deliverOne(topic, stored, delivery))) return done;
      done++;
    }
    return done;
  }

  // Answers whether the event is dealt with: handled, or in the dead letters.
  async #deliverOne(topic: ControlTopic, stored: StoredEvent, delivery: Delivery): Promise<boolean> {
    let reason: unknown;
    let readable: ControlMessage;
    try {
      readable = message(topic, stored);
    } catch (error) {
      await this.#bury(topic, stored, delivery, error, 0);
      return true;
    }
    for (let attempt = 1; attempt <= this.#retry.attemptsMax; attempt++) {
      try {
        await delivery.handler(readable);
        return true;
      } catch (error) {
        reason = error;
      }
      if (attempt === this.#retry.attemptsMax) break;
      await sleep(this.#clock, pauseMs(this.#retry, attempt), delivery.signal).catch(() => {});
      if (delivery.signal.aborted) return false;
    }
    await this.#bury(topic, stored, delivery, reason, this.#retry.attemptsMax);
    return true;
  }

  async #bury(
    topic: ControlTopic,
    stored: StoredEvent,
    { group, onDeadLetter }: Delivery,
    cause: unknown,
    attempts: number,
  ): Promise<void> {
    const letter: DeadLetter = {
      topic,
      offset: stored.offset,
      key: stored.key,
      sequence: stored.sequence,
      body: stored.body,
      group,
      reason: cause instanceof Error ? cause.message : String(cause),
      attempts,
      failedMs: this.#clock.nowMs(),
    };
    const { offset, key, sequence, body, reason, failedMs } = letter;
    const values = [topic, offset, key, sequence, body, group ?? null, reason, attempts, failedMs];
    await this.#file.write((run) => run("insert into dead_letters values (?, ?, ?, ?, ?, ?, ?, ?, ?)", values));
    onDeadLetter?.(letter);
  }
}

interface Delivery extends SubscribeOptions {
  readonly handler: ControlHandler;
  readonly signal: AbortSignal;
}

interface StoredEvent {
  readonly offset: number;
  readonly key: string;
  readonly sequence: number;
  readonly body: string;
}

function nextOffset(rows: readonly SqlRow[]): number {
  return Number(rows[0]?.["next_offset"] ?? 0);
}

function storedEvent(path: string, topic: ControlTopic, row: SqlRow): StoredEvent {
  const stored = {
    offset: Number(row["event_offset"]),
    key: String(row["key"]),
    sequence: Number(row["sequence"]),
    body: String(row["body"]),
  };
  const { offset, key, sequence, body } = stored;
  verifyRow(`event ${offset} of ${topic} in ${path}`, Number(row["checksum"]), topic, key, sequence, body);
  return stored;
}

function message(topic: ControlTopic, { offset, key, sequence, body }: StoredEvent): ControlMessage {
  return { topic, offset, key, sequence, event: readCloudEvent(body) };
}

/** Whether the event was new. */
function insertEvent(
  run: RunStatement,
  topic: string,
  outgoing: OutgoingEvent,
  offset: number,
  nowMs: number,
): boolean {
  const { key, sequence } = outgoing;
  const body = JSON.stringify(outgoing.event);
  const [same] = run("select body from events where topic = ? and key = ? and sequence = ?", [topic, key, sequence]);
  if (same !== undefined) {
    if (same["body"] === body) return false;
    throw conflict(topic, outgoing, "names another event already");
  }
  const [known] = run("select last_sequence, compacted_sequence from keys where topic = ? and key = ?", [topic, key]);
  if (known !== undefined && sequence <= Number(known["compacted_sequence"])) return false;
  if (known !== undefined && sequence < Number(known["last_sequence"])) {
    throw conflict(topic, outgoing, `comes after ${String(known["last_sequence"])}`);
  }
  run("insert into events values (?, ?, ?, ?, ?, ?, ?)", [
    topic,
    offset,
    key,
    sequence,
    body,
    rowChecksum(topic, key, sequence, body),
    nowMs,
  ]);
  run(
    `insert into keys values (?, ?, ?, 0) on conflict (topic, key) do update set last_sequence = excluded.last_sequence`,
    [topic, key, sequence],
  );
  return true;
}

function conflict(topic: string, { key, sequence }: OutgoingEvent, words: string): QmtlError {
  return new QmtlError("IDEMPOTENCY_CONFLICT", `sequence ${sequence} of "${key}" on ${topic} ${words}`, {
    details: { topic, key, sequence },
    hint: "a sequence rises by one per event of its key and is never used again",
  });
}

// Forgets what is old, except the last event of each key: a late subscriber still learns how things stand.
function compact(run: RunStatement, beforeMs: number): void {
  const old = `published_ms < ? and sequence < (
    select last_sequence from keys where keys.topic = events.topic and keys.key = events.key)`;
  run(
    `update keys set compacted_sequence = max(compacted_sequence, coalesce(
      (select max(sequence) from events where events.topic = keys.topic and events.key = keys.key and ${old}), 0))`,
    [beforeMs],
  );
  run(`delete from events where ${old}`, [beforeMs]);
}

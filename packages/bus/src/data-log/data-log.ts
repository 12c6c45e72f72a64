import type { StartPosition, Subscription } from "../control/index.ts";

/** A node's output for one bucket, on its way to a topic. */
export interface OutgoingRecord {
  /** Compute key of the node. */
  readonly key: string;
  /** Start of the bucket, epoch milliseconds. */
  readonly bucketMs: number;
  /** Hash of everything the output was computed from: equal hashes mean equal outputs. */
  readonly inputHash: string;
  /** The writer's fencing token, from its lease on the key. */
  readonly token: number;
  /** Text, usually JSON. */
  readonly payload: string;
  /**
   * Set by a writer that knows it corrects an earlier output (late data): one above the revision it replaces. Absent
   * for a first output.
   */
  readonly revision?: number;
}

export interface LogRecord extends OutgoingRecord {
  /** Position in the topic: 0, 1, 2, … */
  readonly offset: number;
  /** 0 for the first output of a key and bucket; the highest one holds. */
  readonly revision: number;
  readonly appendedMs: number;
}

/**
 * What became of a record: `appended`; `duplicate`, the topic has it already at `offset`; `revised`, it replaces an
 * earlier output of its key and bucket.
 */
export interface Appended {
  readonly offset: number;
  readonly status: "appended" | "duplicate" | "revised";
}

export interface TopicConfig {
  readonly partitions: number;
  readonly retentionMs: number;
}

export interface NewTopic {
  readonly name: string;
  readonly config: TopicConfig;
}

export interface TopicInfo {
  readonly name: string;
  readonly config: TopicConfig;
  /** Offset of the oldest kept record, or `endOffset`. */
  readonly startOffset: number;
  /** Offset the next record will get. */
  readonly endOffset: number;
}

/** Two outputs of one key and bucket from different inputs, where neither writer knew of the other (invariant X-3). */
export interface DivergenceAlarm {
  readonly topic: string;
  readonly key: string;
  readonly bucketMs: number;
  readonly token: number;
  readonly inputHashes: readonly [kept: string, found: string];
  readonly offset: number;
}

export interface LogSubscribeOptions {
  readonly from: StartPosition;
  /** As for control events: a durable place under this name. */
  readonly group?: string;
}

/** Called with records in order; the group's place moves on when it resolves. A throw brings the same ones again. */
export type LogHandler = (records: readonly LogRecord[]) => void | Promise<void>;

/**
 * Data queues: one append-only log per topic. One effective output per key and bucket (invariant X-1): writers are
 * fenced by token, equal inputs make one record.
 */
export interface DataLog {
  /** Makes the topic if it is not there. @throws QmtlError `QUEUE_CONFLICT` when it is, configured otherwise; `NAME_INVALID` */
  ensureTopic(name: string, config: TopicConfig): Promise<void>;
  /** The same for many at a time: all of them or none. */
  ensureTopics(wanted: readonly NewTopic[]): Promise<void>;
  /** Deletes a topic with its records and places; answers whether there was one. */
  dropTopic(name: string): Promise<boolean>;
  /** By name. */
  topics(): Promise<readonly TopicInfo[]>;
  /**
   * Appends all records or none; resolves when they are durable, with one answer per record.
   *
   * @throws QmtlError `FENCED` when a token is below the highest one seen for its key; `QUEUE_NOT_FOUND`;
   *   `STORE_FAILED`, `STORE_CORRUPT`
   */
  append(topic: string, records: readonly OutgoingRecord[]): Promise<readonly Appended[]>;
  /**
   * Up to `limit` records from `fromOffset` on, in order; waits for none. A negative offset counts from the end: -1 is the
   * last record.
   *
   * @throws QmtlError `QUEUE_NOT_FOUND`
   */
  read(topic: string, fromOffset: number, limit: number): Promise<readonly LogRecord[]>;
  subscribe(topic: string, options: LogSubscribeOptions, handler: LogHandler): Promise<Subscription>;
  /** Records kept. @throws QmtlError `QUEUE_NOT_FOUND` */
  size(topic: string): Promise<number>;
  /** Records the group has not handled yet. @throws QmtlError `QUEUE_NOT_FOUND` */
  lag(topic: string, group: string): Promise<number>;
  close(): Promise<void>;
}

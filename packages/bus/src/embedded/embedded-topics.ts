import { Numbered, QmtlError, shown, TextIndex } from "@qmtl/core";
import type { RunStatement, SqliteFile, SqlRow } from "@qmtl/store/sqlite";
import type { NewTopic, TopicConfig } from "../data-log/index.ts";

export interface EmbeddedTopic {
  readonly id: number;
  readonly config: TopicConfig;
}

/** Finds a topic by its name. */
export type FindTopic = (name: string) => EmbeddedTopic | undefined;

/**
 * What was made and what was dropped, in that order. Names are as good as random: in an index over them every topic of a
 * strategy would be a page to write; a log is written at its end.
 */
export const topicTable = `create table topic_changes (
  first_id integer primary key, -- of the names, which have one id after the other
  name_count bigint not null,
  names text not null, -- a JSON array
  partitions bigint, -- null: dropped
  retention_ms bigint
)`;

const notWaiting = { durable: false };
const changesAfter = "select * from topic_changes where first_id >= ? order by first_id";

/** The topics of a data log: the sum of `topic_changes`, kept in memory and brought up to date when it is asked. */
export class EmbeddedTopics {
  readonly #file: SqliteFile;
  readonly #topics = new TopicTable();
  #nextId = 1;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Those that are committed, whichever process made them. */
  async committed(): Promise<Pick<TopicTable, "find" | "names">> {
    for (const row of await this.#file.read(changesAfter, [this.#nextId])) {
      const { firstId, count } = placeOf(row);
      // While this call waited, another one may have read the same rows.
      if (firstId < this.#nextId) continue;
      for (const [name, topic] of topicsOf(row)) {
        this.#topics.set(name, topic);
      }
      this.#nextId = firstId + count;
    }
    return this.#topics;
  }

  /** @throws QmtlError `QUEUE_NOT_FOUND` */
  async named(name: string): Promise<EmbeddedTopic> {
    return found(name, (await this.committed()).find(name));
  }

  /** The same for a transaction, with what it and those before it in its group have written. */
  within(run: RunStatement): { readonly find: FindTopic; readonly nextId: number } {
    const rows = run(changesAfter, [this.#nextId]);
    if (rows.length === 0) return { find: (name) => this.#topics.find(name), nextId: this.#nextId };
    const written = new Map(rows.flatMap(topicsOf));
    const { firstId, count } = placeOf(rows.at(-1)!);
    return {
      find: (name) => (written.has(name) ? written.get(name) : this.#topics.find(name)),
      nextId: firstId + count,
    };
  }

  /**
   * Makes those that are not there. No fsync is waited for: a topic is durable with its first record at the latest, and who
   * has queues without one makes it at its start.
   *
   * @throws QmtlError `QUEUE_CONFLICT`, `NAME_INVALID`
   */
  async ensure(wanted: readonly NewTopic[]): Promise<void> {
    for (const { name } of wanted) checkName(name);
    const known = await this.committed();
    if (wanted.every((topic) => isThere(topic, known.find(topic.name)?.config))) return;
    const made = await this.#file.write((run) => {
      const { find, nextId } = this.within(run);
      const missing = new Map<string, TopicConfig>();
      for (const topic of wanted) {
        const { name, config } = topic;
        if (!isThere(topic, find(name)?.config ?? missing.get(name))) missing.set(name, config);
      }
      let firstId = nextId;
      return byConfig(missing).map(([config, names]) => {
        const { partitions, retentionMs } = config;
        const row = [firstId, names.length, JSON.stringify(names), partitions, retentionMs];
        run("insert into topic_changes values (?, ?, ?, ?, ?)", row);
        firstId += names.length;
        return { firstId: firstId - names.length, config, names };
      });
    }, notWaiting);
    for (const rows of made) this.#adopt(rows);
  }

  /** Takes up what was just written without reading it back, unless something else has to be read first. */
  #adopt({ firstId, config, names }: { firstId: number; config: TopicConfig; names: readonly string[] }): void {
    if (firstId !== this.#nextId) return;
    names.forEach((name, index) => this.#topics.set(name, { id: firstId + index, config }));
    this.#nextId += names.length;
  }

  /** Drops it in the transaction of `run`; answers what it was. */
  drop(run: RunStatement, name: string): EmbeddedTopic | undefined {
    const { find, nextId } = this.within(run);
    const topic = find(name);
    if (topic === undefined) return undefined;
    run("insert into topic_changes values (?, 1, ?, null, null)", [nextId, JSON.stringify([name])]);
    return topic;
  }
}

/** Topics by name. What thousands have in common they share: they stay as long as the process. */
class TopicTable {
  readonly #index = new TextIndex();
  readonly #ids = new Numbered<number | undefined>(); // by number in the index; undefined when it was dropped
  readonly #configs = new Numbered<TopicConfig>();

  find(name: string): EmbeddedTopic | undefined {
    const number = this.#index.numberOf(name);
    const id = number === undefined ? undefined : this.#ids.get(number);
    return id === undefined ? undefined : { id, config: this.#configs.get(number!) };
  }

  names(): string[] {
    return [...this.#ids.values()].flatMap((id, number) => (id === undefined ? [] : [this.#index.textOf(number)!]));
  }

  set(name: string, topic: EmbeddedTopic | undefined): void {
    const known = this.#index.numberOf(name);
    if (topic === undefined) {
      if (known !== undefined) this.#ids.set(known, undefined);
    } else if (known === undefined) {
      this.#index.add(name);
      this.#ids.push(topic.id);
      this.#configs.push(topic.config);
    } else {
      this.#ids.set(known, topic.id);
      this.#configs.set(known, topic.config);
    }
  }
}

/** @throws QmtlError `QUEUE_NOT_FOUND` */
export function found(name: string, topic: EmbeddedTopic | undefined): EmbeddedTopic {
  if (topic !== undefined) return topic;
  throw new QmtlError("QUEUE_NOT_FOUND", `there is no topic "${name}"`, { details: { topic: name } });
}

function placeOf(row: SqlRow): { readonly firstId: number; readonly count: number } {
  return { firstId: Number(row["first_id"]), count: Number(row["name_count"]) };
}

function topicsOf(row: SqlRow): (readonly [name: string, topic: EmbeddedTopic | undefined])[] {
  const { firstId } = placeOf(row);
  const names = JSON.parse(String(row["names"])) as readonly string[];
  const { partitions, retention_ms: retentionMs } = row;
  const config = { partitions: Number(partitions), retentionMs: Number(retentionMs) };
  return names.map((name, index) => [name, partitions === null ? undefined : { id: firstId + index, config }]);
}

function byConfig(missing: ReadonlyMap<string, TopicConfig>): (readonly [TopicConfig, readonly string[]])[] {
  const groups = new Map<string, [TopicConfig, string[]]>();
  let last: [TopicConfig, string[]] | undefined; // neighbours have most in common
  for (const [name, config] of missing) {
    if (last?.[0] === config) {
      last[1].push(name);
      continue;
    }
    const key = `${config.partitions} ${config.retentionMs}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, (last = [config, [name]]));
    else (last = group)[1].push(name);
  }
  return [...groups.values()];
}

function isThere({ name, config: wanted }: NewTopic, config: TopicConfig | undefined): boolean {
  if (config === undefined) return false;
  if (config.partitions === wanted.partitions && config.retentionMs === wanted.retentionMs) return true;
  throw new QmtlError("QUEUE_CONFLICT", `the topic "${name}" exists with another configuration`, {
    details: { name, found: config, wanted },
  });
}

function checkName(name: string): void {
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(name)) return;
  throw new QmtlError("NAME_INVALID", `a topic has 1 to 249 of the characters a-z A-Z 0-9 . _ -; found ${shown(name)}`);
}

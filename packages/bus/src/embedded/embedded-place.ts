import { QmtlError, type Clock } from "@qmtl/core";
import type { SqliteFile } from "@qmtl/store/sqlite";
import type { Place } from "../following/index.ts";

export interface PlaceOptions {
  readonly file: SqliteFile;
  readonly clock: Clock;
  readonly topic: string | number;
  readonly group: string;
  /** Names this follower among all of all processes. */
  readonly holder: string;
}

export const placeTable = `create table places (
  topic text not null, place_group text not null, position bigint not null,
  holder text, granted_ms bigint not null, expires_ms bigint not null,
  primary key (topic, place_group)
)`;

const ttlMs = 6_000;

// A lease granted after now was granted before the wall clock went back: it says nothing any more.
const isFree = `topic = ? and place_group = ? and (holder is null or holder = ? or expires_ms <= ? or granted_ms > ?)`;

/**
 * A group's position in a topic, held by one follower at a time. A lease that is lost while a handler runs means that
 * its events come a second time to another one, never that they are lost: only the holder moves the position.
 */
export class EmbeddedPlace implements Place {
  readonly pollMs = ttlMs / 3;
  readonly #options: PlaceOptions;
  #position: number;
  #keptUntilMs = -Infinity; // on the monotonic clock

  constructor(options: PlaceOptions, position: number) {
    this.#options = options;
    this.#position = position;
  }

  /** The group's position; `start` where there is none, and from then on. */
  static async open(options: PlaceOptions, start: number): Promise<EmbeddedPlace> {
    const rows = await options.file.write((run) => {
      run("insert into places values (?, ?, ?, null, 0, 0) on conflict do nothing", [...subject(options), start]);
      return run("select position from places where topic = ? and place_group = ?", subject(options));
    });
    return new EmbeddedPlace(options, Number(rows[0]!["position"]));
  }

  get position(): number {
    return this.#position;
  }

  async take(): Promise<number | undefined> {
    const { clock, file, holder } = this.#options;
    const askedMs = clock.monotonicMs();
    if (askedMs < this.#keptUntilMs) return this.#position;
    const nowMs = clock.nowMs();
    const free = [...subject(this.#options), holder, nowMs, nowMs];
    // Looked at before it is written: one who waits for a place must not keep waking the one who has it.
    if ((await file.read(`select 1 from places where ${isFree}`, free)).length === 0) return undefined;
    const rows = await file.write((run) =>
      run(`update places set holder = ?, granted_ms = ?, expires_ms = ? where ${isFree} returning position`, [
        holder,
        nowMs,
        nowMs + ttlMs,
        ...free,
      ]),
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    this.#position = Number(row["position"]);
    this.#keptUntilMs = askedMs + ttlMs / 2;
    return this.#position;
  }

  async moveTo(position: number): Promise<void> {
    const { file, holder, group } = this.#options;
    const rows = await file.write((run) =>
      run("update places set position = ? where topic = ? and place_group = ? and holder = ? returning position", [
        position,
        ...subject(this.#options),
        holder,
      ]),
    );
    if (rows.length === 0) {
      this.#keptUntilMs = -Infinity;
      throw new QmtlError("LEASE_LOST", `another follower of group "${group}" has taken over its place`);
    }
    this.#position = position;
  }

  async leave(): Promise<void> {
    const { file, holder } = this.#options;
    this.#keptUntilMs = -Infinity;
    await file.write((run) =>
      run("update places set holder = null where topic = ? and place_group = ? and holder = ?", [
        ...subject(this.#options),
        holder,
      ]),
    );
  }
}

function subject({ topic, group }: PlaceOptions): [string, string] {
  return [String(topic), group];
}

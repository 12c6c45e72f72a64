import type { Frame, Scope, StreamEvent } from "./stream-event.ts";

/** The transport under a channel. */
export interface Outlet {
  /** Bytes given to the transport that have not left it. */
  pendingBytes(): number;
  send(frames: readonly Frame[]): void;
  close(code: number, reason: string): void;
}

export interface ChannelLimits {
  /** Bytes waiting for one client, in the channel and in its transport, above which it is let go. */
  readonly bufferBytesMax: number;
  /** Bytes the transport is given at a time: what waits longer waits here, where newer state can replace it. */
  readonly transportBytesMax: number;
}

export const channelLimits: ChannelLimits = { bufferBytesMax: 1_000_000, transportBytesMax: 64_000 };

/** Close code for clients that do not keep up (RFC 6455 registry: try again later). */
const slowConsumerCode = 1013;

interface Waiting {
  readonly frame: Frame;
  readonly event: StreamEvent | null; // null for answers and snapshots
}

/**
 * What waits for one client, in order. Nothing is dropped silently: a frame is sent, replaced by a newer state of the
 * same thing, or the client is closed and has to come back for a snapshot.
 */
export class ClientChannel {
  scope: Scope;
  readonly #outlet: Outlet;
  readonly #limits: ChannelLimits;
  #waiting: (Waiting | null)[] = [];
  #waitingBytes = 0;
  readonly #newestAt = new Map<string, number>();
  #held = true;
  #closed = false;

  /** A new channel holds events back until the first snapshots are there: see `open`. */
  constructor(scope: Scope, outlet: Outlet, limits: ChannelLimits = channelLimits) {
    this.scope = scope;
    this.#outlet = outlet;
    this.#limits = limits;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** @returns false when the client did not keep up and was closed */
  offer(event: StreamEvent): boolean {
    if (event.coalesceBy !== null) this.#replaceOlder(event.coalesceBy);
    return this.#push({ frame: event.frame, event });
  }

  /** Queues an answer or a snapshot, which counts towards the bound like everything else. */
  answer(frame: Frame): boolean {
    return this.#push({ frame, event: null });
  }

  /**
   * Sends the snapshots, then the events that came while they were fetched and are not in them.
   *
   * @param contained - last sequence in the snapshots, by topic and key: see `sequenceKey`
   */
  open(snapshots: readonly Frame[], contained: ReadonlyMap<string, number>): void {
    const later = this.#waiting.filter((entry): entry is Waiting => {
      if (entry === null) return false;
      const { event } = entry;
      return event === null || event.sequence > (contained.get(sequenceKey(event)) ?? -1);
    });
    this.#clear();
    this.#held = false;
    for (const frame of snapshots) this.#push({ frame, event: null });
    for (const { frame, event } of later) {
      if (event === null) this.answer(frame);
      else this.offer(event);
    }
    this.flush();
  }

  /** Hands to the transport what it takes now. Called after a round of offers, and when the transport has drained. */
  flush(): void {
    if (this.#held || this.#closed) return;
    let room = this.#limits.transportBytesMax - this.#outlet.pendingBytes();
    const frames: Frame[] = [];
    let at = 0;
    for (; at < this.#waiting.length && room > 0; at++) {
      const frame = this.#waiting[at]?.frame;
      if (frame === undefined) continue;
      frames.push(frame);
      room -= frame.bytes.length;
      this.#waitingBytes -= frame.bytes.length;
    }
    if (at === this.#waiting.length) this.#clear();
    else if (at > 0) this.#forget(at);
    if (frames.length > 0) this.#outlet.send(frames);
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#clear();
    this.#outlet.close(code, reason);
  }

  #push(entry: Waiting): boolean {
    if (this.#closed) return false;
    const bytes = entry.frame.bytes.length;
    if (this.#waitingBytes + this.#outlet.pendingBytes() + bytes > this.#limits.bufferBytesMax) {
      this.close(slowConsumerCode, "too slow: reconnect and read the snapshot");
      return false;
    }
    const by = entry.event?.coalesceBy ?? null;
    if (by !== null) this.#newestAt.set(by, this.#waiting.length);
    this.#waiting.push(entry);
    this.#waitingBytes += bytes;
    return true;
  }

  #replaceOlder(by: string): void {
    const at = this.#newestAt.get(by);
    const older = at === undefined ? null : this.#waiting[at];
    if (at === undefined || older === null || older === undefined) return;
    this.#waitingBytes -= older.frame.bytes.length;
    this.#waiting[at] = null;
  }

  #clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#newestAt.clear();
  }

  #forget(count: number): void {
    this.#waiting = this.#waiting.slice(count).filter((entry) => entry !== null);
    this.#newestAt.clear();
    this.#waiting.forEach((entry, at) => {
      const by = entry?.event?.coalesceBy ?? null;
      if (by !== null) this.#newestAt.set(by, at);
    });
  }
}

export function sequenceKey({ topic, key }: Pick<StreamEvent, "topic" | "key">): string {
  return `${topic ?? ""}\u0000${key}`;
}

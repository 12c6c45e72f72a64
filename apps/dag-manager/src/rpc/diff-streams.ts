import { QmtlError, type Clock, type Ids } from "@qmtl/core";
import {
  chunkAcknowledged,
  chunkSent,
  isComplete,
  nextStep,
  openWindow,
  partsOf,
  resumed,
  type AckWindow,
  type DiffPart,
} from "../diff/index.ts";
import type { DiffOutcome } from "../manager/index.ts";

/** A diff's answer on its way to one caller. */
export interface DiffStream {
  readonly id: string;
  readonly outcome: DiffOutcome;
  /** The parts that have not been acknowledged, at most ten of them ahead of the acknowledgements. */
  parts(signal: AbortSignal): AsyncGenerator<DiffPart>;
}

interface OpenStream {
  readonly id: string;
  readonly outcome: DiffOutcome;
  readonly parts: readonly DiffPart[];
  window: AckWindow;
  /** Called when the window changes, or the stream moves to another connection. */
  changed: () => void;
  connection: number;
  /** Nothing reads it any more: it waits for late acknowledgements, or for its caller to come back. */
  isIdle: boolean;
  cancelExpiry: () => void;
}

/** How long a stream waits for an acknowledgement, and how long one that broke can be resumed. */
export const streamDeadlineMs = 30_000;

/** Streams kept at most for callers that may come back; the oldest go first. */
const idleStreamsMax = 256;

/** The streams of a server, each under an id of its own: callers that diff one strategy at a time do not meet. */
export class DiffStreams {
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #open = new Map<string, OpenStream>();

  constructor(clock: Clock, ids: Ids) {
    this.#clock = clock;
    this.#ids = ids;
  }

  get size(): number {
    return this.#open.size;
  }

  open(outcome: DiffOutcome): DiffStream {
    const parts = partsOf(outcome.queueMap, outcome.bufferedNodes);
    const stream: OpenStream = {
      id: this.#ids.next(),
      outcome,
      parts,
      window: openWindow(parts.length),
      changed: () => {},
      connection: 0,
      isIdle: false,
      cancelExpiry: () => {},
    };
    this.#open.set(stream.id, stream);
    return this.#on(stream);
  }

  /** @throws QmtlError `REQUEST_INVALID` when there is none of that id any more: a new diff has the same answer */
  resume(id: string): DiffStream {
    const stream = this.#open.get(id);
    if (stream === undefined) {
      throw new QmtlError("REQUEST_INVALID", `there is no diff stream "${id}" to resume`, {
        hint: "call Diff without a stream id: the answer is the same",
      });
    }
    stream.window = resumed(stream.window);
    return this.#on(stream);
  }

  /**
   * Takes an acknowledgement. Without a stream id it counts for the newest stream of the sentinel that waits for that
   * chunk. One that comes late, or twice, changes nothing.
   */
  acknowledge(chunkId: number, { streamId, sentinelId }: { streamId: string | undefined; sentinelId: string }): void {
    const named = streamId === undefined ? undefined : this.#open.get(streamId);
    const ofSentinel = [...this.#open.values()].reverse().filter(({ outcome }) => outcome.sentinelId === sentinelId);
    const waiting = ofSentinel.find(({ window }) => window.sent.has(chunkId) && !window.acknowledged.has(chunkId));
    const stream = streamId === undefined ? waiting : named;
    if (stream === undefined) return;
    stream.window = chunkAcknowledged(stream.window, chunkId);
    stream.changed();
    if (isComplete(stream.window)) this.#forget(stream);
  }

  /** Ends every stream. */
  close(): void {
    for (const stream of this.#open.values()) this.#forget(stream);
  }

  #on(stream: OpenStream): DiffStream {
    stream.cancelExpiry();
    stream.isIdle = false;
    const connection = ++stream.connection;
    stream.changed();
    return { id: stream.id, outcome: stream.outcome, parts: (signal) => this.#parts(stream, connection, signal) };
  }

  async *#parts(stream: OpenStream, connection: number, signal: AbortSignal): AsyncGenerator<DiffPart> {
    try {
      while (stream.connection === connection && !signal.aborted) {
        const step = nextStep(stream.window);
        if (step.do === "end") return;
        if (step.do === "send") {
          stream.window = chunkSent(stream.window, step.chunkId);
          yield stream.parts[step.chunkId]!;
        } else if (!(await this.#change(stream, signal))) {
          throw new QmtlError("DEADLINE_EXCEEDED", `no chunk was acknowledged for ${streamDeadlineMs} ms`, {
            details: { streamId: stream.id, acknowledged: stream.window.acknowledged.size },
            hint: "call AckChunk for every chunk received, or resume with the stream's id",
          });
        }
      }
    } finally {
      // Acknowledgements of the last chunks, or a caller that comes back, have this long.
      if (stream.connection === connection && this.#open.has(stream.id)) {
        stream.isIdle = true;
        stream.cancelExpiry = this.#clock.after(streamDeadlineMs, () => this.#forget(stream));
        const idle = [...this.#open.values()].filter(({ isIdle }) => isIdle);
        for (const old of idle.slice(0, Math.max(0, idle.length - idleStreamsMax))) this.#forget(old);
      }
    }
  }

  /** Resolves with false when nothing changes within the deadline. */
  #change(stream: OpenStream, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (answer: boolean): void => {
        cancel();
        signal.removeEventListener("abort", aborted);
        resolve(answer);
      };
      const aborted = (): void => settle(true);
      const cancel = this.#clock.after(streamDeadlineMs, () => settle(false));
      signal.addEventListener("abort", aborted);
      stream.changed = () => settle(true);
    });
  }

  #forget(stream: OpenStream): void {
    stream.cancelExpiry();
    stream.connection++;
    this.#open.delete(stream.id);
    stream.changed();
  }
}

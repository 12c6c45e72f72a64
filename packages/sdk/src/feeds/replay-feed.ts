import { QmtlError, shown, type Clock } from "@qmtl/core";
import { firstRowAt, type Frame } from "@qmtl/engine/frame";
import { systemClock } from "../edge/system-clock.ts";
import { frameRange, type TimeRange } from "../history/index.ts";
import type { FeedListener, FeedSession, FeedSubscription, LiveFeed } from "./types.ts";

export interface ReplayFeedOptions {
  /** Rows by stream name or symbol; one frame serves every stream of its interval. */
  readonly data: Frame | Readonly<Record<string, Frame>>;
  /** How many times faster than they happened rows are given; "max" waits for nothing. Default 1. */
  readonly speed?: number | "max";
  readonly clock?: Clock;
}

/**
 * Plays rows that are known as if they happened now, at a chosen speed. Rows of several streams come in the order in
 * which they became knowable.
 */
export class ReplayFeed implements LiveFeed {
  readonly #data: ReplayFeedOptions["data"];
  readonly #speed: number;
  readonly #clock: Clock;

  constructor(options: ReplayFeedOptions) {
    const speed = options.speed ?? 1;
    if (speed !== "max" && !(speed > 0 && speed < Infinity)) {
      throw new QmtlError("PARAMETER_INVALID", `speed must be a number above 0 or "max"; found ${shown(speed)}`);
    }
    this.#data = options.data;
    this.#speed = speed === "max" ? Infinity : speed;
    this.#clock = options.clock ?? systemClock;
  }

  open(subscriptions: readonly FeedSubscription[], listener: FeedListener): FeedSession {
    const tracks = subscriptions.map((subscription, index) => {
      const frame = this.#frameOf(subscription);
      const values = new Float64Array(subscription.fields.length);
      return { index, subscription, frame, values, next: firstRowAt(frame, subscription.fromMs) };
    });
    let cancel = (): void => undefined;
    let closed = false;
    const dueOf = ({ frame, next }: (typeof tracks)[number]): number =>
      next < frame.length ? frame.time[next]! + frame.intervalMs : Infinity;
    const soonest = (): number => Math.min(...tracks.map(dueOf));
    const startEventMs = soonest();
    const startMs = this.#clock.monotonicMs();

    const play = (): void => {
      for (let rows = 0; !closed; rows++) {
        const dueMs = soonest();
        if (dueMs === Infinity) {
          closed = true;
          listener.ended();
          return;
        }
        const waitMs = startMs + (dueMs - startEventMs) / this.#speed - this.#clock.monotonicMs();
        // At full speed the process still gets its turn now and then, for sockets and Ctrl-C.
        if (waitMs > 0 || rows === rowsPerTurn) {
          cancel = this.#clock.after(Math.max(0, waitMs), play);
          return;
        }
        for (const track of tracks) if (dueOf(track) === dueMs && !closed) give(track, listener);
      }
    };
    cancel = this.#clock.after(0, () => {
      for (const { index, subscription } of tracks) listener.live(index, subscription.fromMs);
      play();
    });
    return {
      close: () => {
        closed = true;
        cancel();
      },
    };
  }

  async history(subscription: FeedSubscription, range: TimeRange): Promise<Frame> {
    return frameRange(this.#frameOf(subscription), range);
  }

  #frameOf({ stream, symbol, intervalMs }: FeedSubscription): Frame {
    const frames = isFrame(this.#data) ? { [stream]: this.#data } : this.#data;
    const frame = frames[stream] ?? frames[symbol];
    if (frame === undefined) {
      throw new QmtlError(
        "DATA_MISSING",
        `the replay has no rows for "${stream}"; it has ${Object.keys(frames).join(", ")}`,
      );
    }
    if (frame.intervalMs === intervalMs) return frame;
    throw new QmtlError(
      "DATA_INVALID",
      `the replay's rows of "${stream}" have interval ${frame.intervalMs} ms; the stream has ${intervalMs} ms`,
    );
  }
}

const rowsPerTurn = 4_096;

function give(
  track: { index: number; subscription: FeedSubscription; frame: Frame; values: Float64Array; next: number },
  listener: FeedListener,
): void {
  const { index, subscription, frame, values } = track;
  const row = track.next++;
  subscription.fields.forEach((field, place) => (values[place] = frame.columns[field]?.[row] ?? Number.NaN));
  listener.row(index, frame.time[row]!, values);
}

function isFrame(data: ReplayFeedOptions["data"]): data is Frame {
  return "time" in data && data.time instanceof Float64Array;
}

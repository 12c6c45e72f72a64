import { bucketStart, QmtlError, shown, sleep, type Clock } from "@qmtl/core";
import { systemClock } from "../edge/system-clock.ts";
import { binanceSymbol, readBinanceMessage } from "./binance-messages.ts";
import { readRecordedMessages } from "./recorded-messages.ts";
import { barValues, TradeBars } from "./trade-bars.ts";
import type { FeedListener, FeedSession, FeedSubscription, LiveFeed } from "./types.ts";

export interface RecordedFeedOptions {
  /** A recording of exchange messages: lines of `<nanoseconds> <message>`, plain or `.gz`. */
  readonly file: string;
  /** How many times faster than they came messages are played; "max" waits for nothing. Default 1. */
  readonly speed?: number | "max";
  readonly clock?: Clock;
}

/** Plays recorded exchange messages at a chosen speed; bars are made of the trades among them. */
export class RecordedFeed implements LiveFeed {
  readonly #file: string;
  readonly #speed: number;
  readonly #clock: Clock;

  constructor({ file, speed = 1, clock = systemClock }: RecordedFeedOptions) {
    if (speed !== "max" && !(speed > 0 && speed < Infinity)) {
      throw new QmtlError("PARAMETER_INVALID", `speed must be a number above 0 or "max"; found ${shown(speed)}`);
    }
    this.#file = file;
    this.#speed = speed === "max" ? Infinity : speed;
    this.#clock = clock;
  }

  open(subscriptions: readonly FeedSubscription[], listener: FeedListener): FeedSession {
    const stop = new AbortController();
    this.#play(subscriptions, listener, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) listener.lost(error instanceof Error ? error.message : shown(error));
    });
    return { close: () => stop.abort(new QmtlError("CANCELLED", "the feed was closed")) };
  }

  async #play(subscriptions: readonly FeedSubscription[], listener: FeedListener, signal: AbortSignal): Promise<void> {
    const tracks = subscriptions.map(({ symbol, intervalMs, fields, fromMs }, index) => ({
      symbol: binanceSymbol(symbol),
      intervalMs,
      isLive: false,
      liveFromMs: fromMs,
      bars: new TradeBars(intervalMs, (bucketMs, bar) => {
        if (bucketMs >= tracks[index]!.liveFromMs) listener.row(index, bucketMs, barValues(bar, fields));
      }),
    }));
    let firstNs: bigint | undefined;
    const startMs = this.#clock.monotonicMs();
    for await (const { receivedNs, text } of readRecordedMessages(this.#file)) {
      signal.throwIfAborted();
      firstNs ??= receivedNs;
      const waitMs = startMs + Number(receivedNs - firstNs) / 1e6 / this.#speed - this.#clock.monotonicMs();
      if (waitMs > 0) await sleep(this.#clock, waitMs, signal);
      const message = readBinanceMessage(text);
      if (message.kind !== "trade") continue;
      for (const [index, track] of tracks.entries()) {
        if (track.symbol !== message.symbol) continue;
        if (!track.isLive) {
          track.isLive = true;
          // The recording may begin in the middle of a bucket.
          const nextMs = bucketStart(message.trade.timeMs, track.intervalMs) + track.intervalMs;
          track.liveFromMs = Math.max(track.liveFromMs, nextMs);
          listener.live(index, track.liveFromMs);
        }
        track.bars.add(message.trade);
      }
    }
    listener.ended();
  }
}

import { bucketStart, QmtlError, shown, type Clock, type EpochMs } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import { systemClock } from "../edge/system-clock.ts";
import type { TimeRange } from "../history/index.ts";
import { fetchBinanceBars } from "./binance-history.ts";
import { binanceInterval, binanceSymbol, readBinanceMessage, type BinanceMessage } from "./binance-messages.ts";
import { barValues, TradeBars, type Bar } from "./trade-bars.ts";
import type { FeedListener, FeedSession, FeedSubscription, LiveFeed } from "./types.ts";

export interface BinanceFeedOptions {
  /** WebSocket address without a path. Default the exchange's spot streams. */
  readonly streamUrl?: string;
  /** HTTP address of the bars of the past, without a path. Default the exchange's spot API. */
  readonly restUrl?: string;
  /**
   * "bars" (default) takes the exchange's own bars; "trades" makes bars of its trades, for intervals the exchange does
   * not have.
   */
  readonly from?: "bars" | "trades";
  /** A connection that says nothing for so long is taken for dead. Default 30 s. */
  readonly silenceMsMax?: number;
  readonly clock?: Clock;
}

/**
 * Bars from a WebSocket of the shape Binance has (others speak it too). Reconnects for ever, with backoff from 0.25 to
 * 30 s; what was missed is named to the listener, never skipped.
 *
 * @see Binance spot API, "Web Socket Streams": combined streams, trade and kline payloads
 */
export class BinanceFeed implements LiveFeed {
  readonly #options: Required<BinanceFeedOptions>;

  constructor(options: BinanceFeedOptions = {}) {
    const from = options.from ?? "bars";
    if (from !== "bars" && from !== "trades") {
      throw new QmtlError("PARAMETER_INVALID", `from must be "bars" or "trades"; found ${shown(from)}`);
    }
    this.#options = {
      streamUrl: (options.streamUrl ?? "wss://stream.binance.com:9443").replace(/\/$/, ""),
      restUrl: (options.restUrl ?? "https://api.binance.com").replace(/\/$/, ""),
      from,
      silenceMsMax: options.silenceMsMax ?? 30_000,
      clock: options.clock ?? systemClock,
    };
  }

  open(subscriptions: readonly FeedSubscription[], listener: FeedListener): FeedSession {
    return new BinanceConnection(subscriptions, listener, this.#options);
  }

  /** Bars that have closed, page by page. */
  history({ symbol, intervalMs }: FeedSubscription, range: TimeRange): Promise<Frame> {
    return fetchBinanceBars(this.#options.restUrl, symbol, intervalMs, range);
  }
}

interface Track {
  readonly index: number;
  readonly subscription: FeedSubscription;
  readonly symbol: string;
  readonly bars: TradeBars;
  /** First bucket that is complete on this connection; NaN until one is known. */
  liveFromMs: EpochMs;
  lastTradeId: number;
}

class BinanceConnection implements FeedSession {
  readonly #listener: FeedListener;
  readonly #options: Required<BinanceFeedOptions>;
  readonly #url: string;
  #tracks: readonly Track[];
  #socket: WebSocket | undefined;
  #closed = false;
  #attempts = 0;
  #cancelRetry = (): void => undefined;
  #cancelSilence = (): void => undefined;
  /** Exchange time and our monotonic time of the last message: between messages, time goes on at our pace. */
  #lastEventMs = Number.NaN;
  #lastHeardMs = Number.NaN;

  constructor(
    subscriptions: readonly FeedSubscription[],
    listener: FeedListener,
    options: Required<BinanceFeedOptions>,
  ) {
    this.#listener = listener;
    this.#options = options;
    const streams = subscriptions.map(({ symbol, intervalMs }) => {
      const name = binanceSymbol(symbol).toLowerCase();
      return options.from === "trades" ? `${name}@trade` : `${name}@kline_${binanceInterval(intervalMs)}`;
    });
    this.#url = `${options.streamUrl}/stream?streams=${[...new Set(streams)].join("/")}`;
    this.#tracks = subscriptions.map((subscription, index) => this.#track(subscription, index));
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#cancelSilence();
    this.#socket?.close();
  }

  #track(subscription: FeedSubscription, index: number): Track {
    const bars = new TradeBars(subscription.intervalMs, (bucketMs, bar) =>
      this.#give(this.#tracks[index]!, bucketMs, bar),
    );
    return { index, subscription, symbol: binanceSymbol(subscription.symbol), bars, liveFromMs: NaN, lastTradeId: NaN };
  }

  #connect(): void {
    // What was half collected before the connection broke is not complete any more.
    this.#tracks = this.#tracks.map(({ subscription, index }) => this.#track(subscription, index));
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket && !this.#closed) this.#receive(String(data));
    });
    // An error is followed by a close.
    socket.addEventListener("close", ({ code, reason }) => this.#lost(socket, `closed with ${code} ${reason}`.trim()));
    socket.addEventListener("error", () => undefined);
    this.#listenForSilence(socket);
  }

  #lost(socket: WebSocket, reason: string): void {
    if (this.#closed || socket !== this.#socket) return;
    this.#socket = undefined;
    this.#cancelSilence();
    this.#listener.lost(`the feed at ${this.#options.streamUrl} ${reason}`);
    const delayMs = Math.min(30_000, 250 * 2 ** Math.min(this.#attempts++, 7));
    this.#cancelRetry = this.#options.clock.after(delayMs, () => this.#connect());
  }

  #listenForSilence(socket: WebSocket): void {
    const { clock, silenceMsMax } = this.#options;
    this.#cancelSilence();
    this.#lastHeardMs = clock.monotonicMs();
    const stepMs = Math.min(1_000, silenceMsMax);
    const look = (): void => {
      const silentMs = clock.monotonicMs() - this.#lastHeardMs;
      if (silentMs >= silenceMsMax) {
        socket.close();
        this.#lost(socket, `said nothing for ${Math.round(silentMs)} ms`);
        return;
      }
      // A quiet market still ends its buckets, once trades that were on their way had time to come.
      if (this.#lastEventMs === this.#lastEventMs) {
        for (const { bars } of this.#tracks) bars.watermark(this.#lastEventMs + silentMs - tradesUnderWayMs);
      }
      this.#cancelSilence = clock.after(stepMs, look);
    };
    this.#cancelSilence = clock.after(stepMs, look);
  }

  #receive(text: string): void {
    this.#attempts = 0;
    this.#lastHeardMs = this.#options.clock.monotonicMs();
    const message = readBinanceMessage(text);
    if (message.kind === "trade") this.#trade(message);
    if (message.kind === "bar") this.#bar(message);
  }

  #trade({ symbol, tradeId, trade }: Extract<BinanceMessage, { kind: "trade" }>): void {
    this.#lastEventMs = trade.timeMs;
    for (const track of this.#tracks) {
      if (track.symbol !== symbol) continue;
      // Trade ids count up by one: a hole means trades we never saw, and a first trade says nothing of those before it.
      const isNext = tradeId === track.lastTradeId + 1;
      track.lastTradeId = tradeId;
      if (!isNext)
        this.#liveFrom(track, bucketStart(trade.timeMs, track.subscription.intervalMs) + track.subscription.intervalMs);
      track.bars.add(trade);
    }
  }

  #bar({ symbol, bucketMs, closed, bar }: Extract<BinanceMessage, { kind: "bar" }>): void {
    for (const track of this.#tracks) {
      if (track.symbol !== symbol || bucketMs % track.subscription.intervalMs !== 0) continue;
      if (track.liveFromMs !== track.liveFromMs) this.#liveFrom(track, bucketMs);
      if (closed) this.#give(track, bucketMs, bar);
    }
  }

  #liveFrom(track: Track, fromMs: EpochMs): void {
    track.liveFromMs = fromMs;
    this.#listener.live(track.index, fromMs);
  }

  #give(track: Track, bucketMs: EpochMs, bar: Bar): void {
    if (bucketMs < track.liveFromMs) return;
    this.#listener.row(track.index, bucketMs, barValues(bar, track.subscription.fields));
  }
}

/** How long after a bucket's end its last trades may still be on their way. */
const tradesUnderWayMs = 2_000;

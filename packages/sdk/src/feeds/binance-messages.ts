import { isWireObject, QmtlError, readJson, shown, type EpochMs, type IntervalMs } from "@qmtl/core";
import type { Bar, TradePrint } from "./trade-bars.ts";

/** What a feed uses of an exchange's messages; depth and quotes are read by nobody yet. */
export type BinanceMessage =
  | { readonly kind: "trade"; readonly symbol: string; readonly tradeId: number; readonly trade: TradePrint }
  | {
      readonly kind: "bar";
      readonly symbol: string;
      readonly bucketMs: EpochMs;
      readonly closed: boolean;
      readonly bar: Bar;
    }
  | { readonly kind: "other" };

/**
 * Reads one WebSocket message of a combined stream (`{"stream": …, "data": {…}}`) or of a single one.
 *
 * @throws QmtlError `JSON_INVALID`, `DATA_INVALID` for a trade or a bar that lacks a number
 * @see Binance spot API, "Web Socket Streams": trade and kline payloads
 */
export function readBinanceMessage(text: string): BinanceMessage {
  const message = readJson(text, "the exchange's message");
  const data = isWireObject(message) && isWireObject(message["data"]) ? message["data"] : message;
  if (!isWireObject(data)) return { kind: "other" };
  if (data["e"] === "trade") {
    return {
      kind: "trade",
      symbol: textOf(data["s"]),
      tradeId: numberOf(data["t"], "t"),
      trade: { timeMs: numberOf(data["T"], "T"), price: numberOf(data["p"], "p"), quantity: numberOf(data["q"], "q") },
    };
  }
  const bar = data["k"];
  if (data["e"] === "kline" && isWireObject(bar)) {
    return {
      kind: "bar",
      symbol: textOf(data["s"]),
      bucketMs: numberOf(bar["t"], "k.t"),
      closed: bar["x"] === true,
      bar: {
        open: numberOf(bar["o"], "k.o"),
        high: numberOf(bar["h"], "k.h"),
        low: numberOf(bar["l"], "k.l"),
        close: numberOf(bar["c"], "k.c"),
        volume: numberOf(bar["v"], "k.v"),
      },
    };
  }
  return { kind: "other" };
}

/** "BTC/USDT" is "BTCUSDT" there. */
export function binanceSymbol(symbol: string): string {
  return symbol.replaceAll(/[/\-_:]/g, "").toUpperCase();
}

const words: ReadonlyMap<IntervalMs, string> = new Map([
  [1_000, "1s"],
  ...([1, 3, 5, 15, 30] as const).map((minutes) => [minutes * 60_000, `${minutes}m`] as const),
  ...([1, 2, 4, 6, 8, 12] as const).map((hours) => [hours * 3_600_000, `${hours}h`] as const),
  [86_400_000, "1d"],
]);

/** The exchange's word for an interval. @throws QmtlError `INTERVAL_INVALID` when it has no such bars */
export function binanceInterval(intervalMs: IntervalMs): string {
  const word = words.get(intervalMs);
  if (word !== undefined) return word;
  throw new QmtlError(
    "INTERVAL_INVALID",
    `the exchange has bars of ${[...words.values()].join(", ")}; found ${intervalMs} ms`,
    { hint: 'use one of these, or make bars of trades: new BinanceFeed({ from: "trades" })' },
  );
}

function textOf(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new QmtlError("DATA_INVALID", `a message must name its symbol; found ${shown(value)}`);
}

// Prices come as text, so that nobody's floats come between.
function numberOf(value: unknown, field: string): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new QmtlError(
    "DATA_INVALID",
    `field ${field} of an exchange's message must be a number; found ${shown(value)}`,
  );
}

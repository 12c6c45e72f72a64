import { createServer, type ServerResponse } from "node:http";
import { createReadStream } from "node:fs";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { WebSocketServer, type WebSocket } from "ws";

export interface PlayedTrade {
  readonly id: number;
  readonly timeMs: number;
  readonly price: number;
  readonly quantity: number;
  /** The message as the exchange sent it. */
  readonly text: string;
}

/** Trades of a recording, with their messages. */
export async function readRecordedTrades(path: string): Promise<readonly PlayedTrade[]> {
  const trades: PlayedTrade[] = [];
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    if (!line.includes('"e":"trade"')) continue;
    const text = line.slice(line.indexOf(" ") + 1);
    const { data } = JSON.parse(text) as { data: { t: number; T: number; p: string; q: string } };
    trades.push({ id: data.t, timeMs: data.T, price: Number(data.p), quantity: Number(data.q), text });
  }
  return trades;
}

export interface PlayedExchange {
  readonly streamUrl: string;
  readonly restUrl: string;
  /** Number of connections so far. */
  readonly connections: number;
  /** Sends trades up to this many in all, some at a time so that readers keep up. */
  playTo(count: number): Promise<void>;
  /** The next trades happen, but nobody is told. */
  passOver(count: number): void;
  /** Ends every connection as a broken line would. */
  cut(): void;
  /** Connections stay open and say nothing. */
  close(): Promise<void>;
}

/**
 * A local exchange that plays recorded trades: a WebSocket of trade messages, and the bars that have closed so far over
 * HTTP, paged as the real one pages them.
 */
export async function playExchange(trades: readonly PlayedTrade[]): Promise<PlayedExchange> {
  let played = 0;
  let connections = 0;
  const sockets = new Set<WebSocket>();
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname === "/api/v3/klines") answerBars(url.searchParams, trades.slice(0, played), response);
    else response.writeHead(404).end();
  });
  const server = new WebSocketServer({ server: http });
  server.on("connection", (socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    streamUrl: `ws://127.0.0.1:${port}`,
    restUrl: `http://127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    async playTo(count) {
      while (sockets.size === 0) await delay(2);
      for (; played < count; played++) {
        for (const socket of sockets) socket.send(trades[played]!.text);
        if (played % 500 === 0) await delay(1);
      }
    },
    passOver(count) {
      played += count;
    },
    cut() {
      for (const socket of sockets) socket.terminate();
      sockets.clear();
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      server.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const intervals: Readonly<Record<string, number>> = { "1s": 1_000, "1m": 60_000 };

// Written apart from the product's own bars, so that tests compare two ways to the same numbers.
function answerBars(query: URLSearchParams, trades: readonly PlayedTrade[], response: ServerResponse): void {
  const intervalMs = intervals[query.get("interval") ?? ""];
  if (intervalMs === undefined || trades.length === 0) {
    response.writeHead(intervalMs === undefined ? 400 : 200).end("[]");
    return;
  }
  const [from, to, limit] = ["startTime", "endTime", "limit"].map((name) => Number(query.get(name)));
  const nowMs = trades.at(-1)!.timeMs;
  const groups = Map.groupBy(trades, ({ timeMs }) => timeMs - (timeMs % intervalMs));
  const bars = [...groups]
    .filter(([bucketMs]) => bucketMs >= from! && bucketMs <= to! && bucketMs + intervalMs <= nowMs)
    .slice(0, limit)
    .map(([bucketMs, group]) => {
      const prices = group.map(({ price }) => price);
      const volume = group.reduce((sum, { quantity }) => sum + quantity, 0);
      const numbers = [group[0]!.price, Math.max(...prices), Math.min(...prices), group.at(-1)!.price, volume];
      return [bucketMs, ...numbers.map(String), bucketMs + intervalMs - 1];
    });
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(bars));
}

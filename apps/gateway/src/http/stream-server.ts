import type { EventClaims } from "@qmtl/service/auth";
import type { Clock } from "@qmtl/core";
import type { Logger } from "@qmtl/service/logging";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Outlet } from "../events/client-channel.ts";
import type { Frame } from "../events/stream-event.ts";
import { policyViolationCode, type StreamSession } from "../events/stream-session.ts";

export interface StreamServerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws QmtlError when they do not open a stream */
  readonly claimsOf: (credentials: StreamCredentials) => Promise<EventClaims>;
  readonly open: (claims: EventClaims, outlet: Outlet, query: URLSearchParams) => StreamSession;
  readonly observer: { connected(): void; disconnected(): void; refused(): void };
  readonly socketsMax: number;
}

/** What a client brings to a handshake, in the order it is looked at. */
export interface StreamCredentials {
  readonly bearer: string | undefined; // header or subprotocol
  readonly ticket: string | undefined; // query
}

export const streamPaths = ["/ws/evt", "/ws"] as const;
const streamProtocol = "qmtl.events";

const frameBytesMax = 16_384;
const pingEveryMs = 20_000;

/** WebSockets of the event stream on a server's address. */
export class StreamServer {
  readonly #options: StreamServerOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: frameBytesMax,
    perMessageDeflate: false, // frames are made once and sent to everybody
    handleProtocols: (offered) => (offered.has(streamProtocol) ? streamProtocol : false),
  });
  readonly #open = new Set<WebSocket>();
  readonly #join = frameJoiner();

  constructor(options: StreamServerOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  attach(server: Server): void {
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const url = new URL(request.url ?? "/", "http://gateway");
      if (!(streamPaths as readonly string[]).includes(url.pathname)) {
        socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      if (this.#open.size >= this.#options.socketsMax) {
        socket.end(
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        );
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (client) => void this.#accept(client, request, socket, url));
    });
  }

  close(): void {
    for (const socket of this.#open) socket.close(1001, "the Gateway stops");
    this.#sockets.close();
  }

  /** Ends what has not gone by itself. */
  terminate(): void {
    for (const socket of this.#open) socket.terminate();
  }

  async #accept(client: WebSocket, request: IncomingMessage, transport: Duplex, url: URL): Promise<void> {
    const { observer, logger, claimsOf } = this.#options;
    this.#open.add(client);
    let session: StreamSession | undefined;
    // What a client sends before it is known waits for its turn.
    const early: string[] = [];
    client.on("message", (data: Buffer, isBinary) => {
      const text = isBinary ? "" : data.toString("utf8");
      if (session !== undefined) void session.receive(text);
      else if (early.length < 16) early.push(text);
    });
    client.on("error", (error) => logger.debug("ws_error", { error }));
    client.on("close", () => {
      this.#open.delete(client);
      session?.closed();
      if (session !== undefined) observer.disconnected();
    });
    const cancelPing = this.#keepAlive(client);
    client.on("close", cancelPing);
    let claims: EventClaims;
    try {
      claims = await claimsOf(credentialsOf(request, url));
    } catch (error) {
      observer.refused();
      logger.info("ws_auth_failed", { error });
      client.close(policyViolationCode, "expected a valid token or ticket");
      return;
    }
    if (client.readyState !== client.OPEN) return;
    const outlet = outletOf(client, transport, this.#join, () => session?.drained());
    try {
      session = this.#options.open(claims, outlet, url.searchParams);
    } catch (error) {
      logger.info("ws_auth_failed", { error });
      client.close(policyViolationCode, "the token's topics are not known");
      return;
    }
    observer.connected();
    logger.debug("ws_connected", { world_id: claims.world_id, strategy_id: claims.strategy_id });
    await session.begin();
    for (const text of early) void session.receive(text);
  }

  #keepAlive(client: WebSocket): () => void {
    const { clock } = this.#options;
    let answered = true;
    client.on("pong", () => (answered = true));
    let cancel = (): void => {};
    const ping = (): void => {
      cancel = clock.after(pingEveryMs, () => {
        if (!answered) {
          client.terminate();
          return;
        }
        answered = false;
        client.ping();
        ping();
      });
    };
    ping();
    return () => cancel();
  }
}

/** Frames go to the transport as they are: encoded once, however many clients they have. */
function outletOf(
  client: WebSocket,
  transport: Duplex,
  join: (frames: readonly Frame[]) => Uint8Array,
  written: () => void,
): Outlet {
  return {
    pendingBytes: () => transport.writableLength,
    send: (frames) => {
      // Not the drain event: it does not come for what stays below the transport's own mark.
      if (client.readyState === client.OPEN) transport.write(join(frames), written);
    },
    close: (code, reason) => {
      client.close(code, reason);
      // A client that does not read does not see the farewell either.
      if (transport.writableLength > 0) setImmediate(() => transport.writableLength > 0 && client.terminate());
    },
  };
}

/** Frames as one piece. Clients of one world get the same ones one after the other, so the last piece is remembered. */
function frameJoiner(): (frames: readonly Frame[]) => Uint8Array {
  let last: { readonly frames: readonly Frame[]; readonly bytes: Uint8Array } | undefined;
  return (frames) => {
    if (frames.length === 1) return frames[0]!.bytes;
    if (last?.frames.length === frames.length && last.frames.every((frame, at) => frame === frames[at]))
      return last.bytes;
    last = { frames, bytes: Buffer.concat(frames.map(({ bytes }) => bytes)) };
    return last.bytes;
  };
}

function credentialsOf({ headers }: IncomingMessage, url: URL): StreamCredentials {
  const authorization = /^bearer ([\w.~+/=-]+)$/i.exec(headers.authorization ?? "")?.[1];
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
  const inProtocol = offered.find((protocol) => protocol.startsWith("bearer."))?.slice("bearer.".length);
  return { bearer: authorization ?? inProtocol, ticket: url.searchParams.get("ticket") ?? undefined };
}

import { createContextKey, createContextValues, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { HealthCheck } from "@qmtl/contracts/dag-manager";
import { QmtlError, type Clock, type Ids } from "@qmtl/core";
import {
  allows,
  everyWorld,
  readTraceparent,
  type Authenticator,
  type Credentials,
  type Logger,
  type Tracing,
} from "@qmtl/service";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { DagManager } from "../manager/index.ts";
import { DiffStreams } from "./diff-streams.ts";
import { connectErrorOf } from "./errors.ts";
import { addRoutes } from "./routes.ts";

export interface GrpcServerOptions {
  readonly manager: DagManager;
  readonly auth: Pick<Authenticator, "authenticate">;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Calls become spans of their callers' traces. */
  readonly tracing?: Tracing | undefined;
}

const messageBytesMax = 32 * 2 ** 20;
const callMsMax = 120_000;

/** gRPC over HTTP/2 without TLS: it listens on this machine, or inside of what encrypts for it. */
export class GrpcServer {
  readonly #server: Http2Server;
  readonly #streams: DiffStreams;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor({ manager, auth, logger, clock, ids, tracing }: GrpcServerOptions) {
    this.#streams = new DiffStreams(clock, ids);
    const handler = connectNodeAdapter({
      routes: (router) => addRoutes(router, manager, this.#streams),
      grpc: true,
      grpcWeb: false,
      connect: false,
      readMaxBytes: messageBytesMax,
      maxTimeoutMs: callMsMax,
      interceptors: [...(tracing === undefined ? [] : [traced(tracing)]), checked(auth, logger)],
      contextValues: (request) => {
        const { authorization, origin, ":authority": authority } = request.headers;
        const remoteAddress = request.socket.remoteAddress;
        const host = typeof authority === "string" ? authority : request.headers.host;
        return createContextValues().set(credentialsKey, { authorization, origin, host, remoteAddress });
      },
    });
    this.#server = createServer({ maxSessionMemory: 64 }, (request, response) => handler(request, response));
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
  }

  /**
   * @param port - 0 takes any free one
   * @returns host and port: "127.0.0.1:50051"
   * @throws QmtlError `PORT_TAKEN`
   */
  async listen({ host, port }: { host: string; port: number }): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)));
      this.#server.listen(port, host, resolve);
    });
    return `${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Takes no more calls and ends those that run. */
  async close(): Promise<void> {
    this.#streams.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    for (const session of this.#sessions) session.destroy();
    await closed;
  }
}

const credentialsKey = createContextKey<Credentials>({
  authorization: undefined,
  remoteAddress: undefined,
  host: undefined,
  origin: undefined,
});

function traced(tracing: Tracing): Interceptor {
  return (next) => (request) => {
    const parent = readTraceparent(request.header.get("traceparent"));
    const name = `${request.service.typeName}/${request.method.name}`;
    return tracing.span(name, () => next(request), { kind: "server", ...(parent !== undefined && { parent }) });
  };
}

/** Services call the DAG Manager, and operators of every world; its health is for all to read. */
function checked(auth: Pick<Authenticator, "authenticate">, logger: Logger): Interceptor {
  return (next) => async (request) => {
    try {
      if (request.service.typeName !== HealthCheck.typeName) {
        const principal = await auth.authenticate(request.contextValues.get(credentialsKey));
        if (principal.kind !== "service" && !allows(principal, "operator", everyWorld)) {
          throw new QmtlError("PERMISSION_DENIED", `"${principal.subject}" may not call the DAG Manager`, {
            hint: "ask the Gateway, or an operator of every world",
          });
        }
      }
      const response = await next(request);
      return response.stream ? { ...response, message: withErrors(response.message, logger) } : response;
    } catch (error) {
      throw connectErrorOf(error, logger);
    }
  };
}

/** What goes wrong within a stream comes out while it is read. */
async function* withErrors<Message>(messages: AsyncIterable<Message>, logger: Logger): AsyncIterable<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw connectErrorOf(error, logger);
  }
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): unknown {
  if (cause.code !== "EADDRINUSE") return cause;
  return new QmtlError("PORT_TAKEN", `port ${port} of ${host} is in use by another program`, {
    cause,
    details: { host, port },
    hint: "stop that program, or choose another port in qmtl.yml",
  });
}

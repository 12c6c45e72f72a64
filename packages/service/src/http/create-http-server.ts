import helmet from "@fastify/helmet";
import type { Clock, Ids } from "@qmtl/core";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { Authenticator } from "../auth/index.ts";
import type { Logger } from "../logging/index.ts";
import { addApiDocument } from "../openapi/index.ts";
import type { Metrics } from "../metrics/index.ts";
import { anonymous, checkAccess, needsCredentials, requireAccessRule, type AccessRule } from "./access.ts";
import { replyToError } from "./error-reply.ts";
import { useStrictJson } from "./json-body.ts";
import { defaultHttpLimits, type HttpLimits } from "./limits.ts";
import { RateLimit } from "./rate-limit.ts";
import { RefusalLog } from "./refusal-log.ts";
import { requestFields, routeOf } from "./request-fields.ts";
import { shapeValidator } from "./shape-validator.ts";
import { readTraceparent, type Tracing } from "../tracing/index.ts";
import { traceRequests } from "./trace-requests.ts";
import { refuseUnknownRoute } from "./unknown-route.ts";
import { unpackBody } from "./unpack-body.ts";

export interface HttpServerOptions {
  /** Name of the service, for documents and metrics. */
  readonly name: string;
  /** Of the product, for documents. */
  readonly version?: string;
  readonly auth: Authenticator;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits?: Partial<HttpLimits>;
  /** By default requests are not traced. */
  readonly tracing?: Tracing;
}

export type HttpServer = FastifyInstance;

/** One route and who may call it. */
export interface RouteEntry {
  readonly method: string;
  readonly url: string;
  readonly access: AccessRule;
  readonly rate: "default" | "reserved";
}

declare module "fastify" {
  interface FastifyInstance {
    /** Every route there is, for whoever checks them all. */
    readonly routeTable: readonly RouteEntry[];
  }
}

/**
 * A server that has everything but its routes: strict JSON, bounded bodies, one shape of errors, correlation ids,
 * access rules, rate limits, `GET /metrics`. A route names who may call it in `config.access`; one that does not
 * cannot be added. Handlers can be called without a socket: `server.inject(…)`.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { logger, metrics } = options;
  const limits = { ...defaultHttpLimits, ...options.limits };
  const server = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestMsMax,
    connectionTimeout: 0, // streams stay open
    forceCloseConnections: "idle",
    http: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.requestMsMax,
      connectionsCheckingInterval: Math.min(1_000, limits.requestMsMax), // how exactly the two timeouts are kept
    },
    routerOptions: { maxParamLength: 512 },
  });
  server.server.maxConnections = limits.connectionsMax;
  server.decorateRequest("principal", null as unknown as FastifyRequest["principal"]);
  server.decorateRequest("correlationId", "");
  server.decorateRequest("rawBody", undefined);
  server.setValidatorCompiler(shapeValidator);
  server.setSerializerCompiler(() => (data) => JSON.stringify(data));
  const routeTable: RouteEntry[] = [];
  server.decorate("routeTable", routeTable);
  server.addHook("onRoute", (route) => {
    const access = requireAccessRule(route);
    const rate = route.config?.rate ?? "default";
    for (const method of [route.method].flat()) routeTable.push({ method, url: route.url, access, rate });
  });
  const refusals = new RefusalLog(options.clock, logger);
  server.setErrorHandler((error, request, reply) => replyToError(error, request, reply, logger, refusals));
  server.setNotFoundHandler((request, reply) => refuseUnknownRoute(routeTable, request, reply));
  useStrictJson(server);
  await server.register(helmet, { contentSecurityPolicy: contentSecurityPolicy, hsts: false });
  addRequestHooks(server, options, limits);
  if (options.tracing !== undefined) traceRequests(server, options.tracing);
  addMeasurements(server, options);
  addApiDocument(server, `QMTL ${options.name}`, options.version ?? "0.0.0");
  server.get("/metrics", { config: { access: { role: "public" } }, schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
  return server;
}

// Pages of a service load nothing from elsewhere and are framed by nobody.
const contentSecurityPolicy = {
  useDefaults: false,
  directives: { defaultSrc: ["'none'"], styleSrc: ["'self'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
};

function addRequestHooks(server: HttpServer, { auth, clock, ids }: HttpServerOptions, limits: HttpLimits): void {
  const rates = {
    default: new RateLimit(clock, limits.requestsPerSecond, limits.requestsAtOnce),
    reserved: new RateLimit(clock, limits.reservedPerSecond, limits.reservedAtOnce),
  };
  server.addHook("onRequest", async (request, reply) => {
    request.correlationId = correlationIdOf(request, ids);
    void reply.header("x-correlation-id", request.correlationId);
    stripIdentityHeaders(request);
    request.principal = anonymous;
    const { access, rate = "default" } = request.routeOptions.config;
    // No rule: no route either, and the answer is 404 whoever asks.
    if (access === undefined || !needsCredentials(access)) {
      rates[rate].take(`address ${request.socket.remoteAddress ?? "unknown"}`);
      return;
    }
    const { authorization, host, origin } = request.headers;
    const remoteAddress = request.socket.remoteAddress;
    try {
      request.principal = await auth.authenticate({ authorization, host, origin, remoteAddress });
    } catch (error) {
      // Guessing tokens is limited by where it comes from.
      rates[rate].take(`address ${remoteAddress ?? "unknown"}`);
      throw error;
    }
    rates[rate].take(`subject ${request.principal.subject}`);
    checkAccess(request, "head");
  });
  server.addHook("preParsing", async (request, reply, payload) => unpackBody(request, reply, payload) ?? payload);
  server.addHook("preHandler", async (request) => checkAccess(request, "body"));
}

const correlationIdForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function correlationIdOf(request: FastifyRequest, ids: Ids): string {
  const given = request.headers["x-correlation-id"];
  if (typeof given === "string" && correlationIdForm.test(given)) return given;
  return readTraceparent(request.headers["traceparent"])?.traceId ?? ids.next().replaceAll("-", "");
}

/** Headers that say who asks are only believed from nobody: tokens say it. */
function stripIdentityHeaders({ headers }: FastifyRequest): void {
  for (const name of Object.keys(headers)) {
    if (name.startsWith("x-caller-") || name === "x-world-roles") delete headers[name];
  }
}

function addMeasurements(server: HttpServer, { clock, logger, metrics }: HttpServerOptions): void {
  const labels = ["method", "route", "status"];
  const requests = metrics.counter("http_requests_total", "requests by route and status", labels);
  const durations = metrics.histogram("http_request_duration_seconds", "time to answer", ["method", "route"]);
  const started = new WeakMap<FastifyRequest, number>();
  server.addHook("onRequest", async (request) => void started.set(request, clock.monotonicMs()));
  server.addHook("onResponse", async (request, reply) => {
    const { method } = request;
    const route = routeOf(request);
    const durationMs = clock.monotonicMs() - (started.get(request) ?? clock.monotonicMs());
    requests.increment({ method, route, status: reply.statusCode });
    durations.observe(durationMs / 1_000, { method, route });
    const duration_ms = Math.round(durationMs * 10) / 10;
    logger.debug("request", { ...requestFields(request), status: reply.statusCode, duration_ms });
  });
}

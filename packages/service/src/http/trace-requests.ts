import type { FastifyInstance, FastifyRequest } from "fastify";
import { readTraceparent, traceIdOf, type Span, type Tracing } from "../tracing/index.ts";
import { routeOf } from "./request-fields.ts";

/** Each request is a span, a part of its caller's trace, and what its handler does is part of it. */
export function traceRequests(server: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  server.addHook("onRequest", async (request) => {
    const parent = readTraceparent(request.headers["traceparent"]);
    const traceId = traceIdOf(request.correlationId);
    spans.set(request, tracing.begin(`${request.method} ${routeOf(request)}`, { kind: "server", parent, traceId }));
  });
  // The hook's callback, and with it the handler, runs inside: a promise would end before the handler begins.
  server.addHook("preHandler", (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else tracing.within(span, done);
  });
  server.addHook("onError", async (request, _reply, error) => spans.get(request)?.fail(error));
  server.addHook("onResponse", async (request, reply) => {
    const span = spans.get(request);
    span?.set("http.request.method", request.method);
    span?.set("http.route", routeOf(request));
    span?.set("http.response.status_code", reply.statusCode);
    span?.set("qmtl.correlation_id", request.correlationId);
    span?.end();
  });
}

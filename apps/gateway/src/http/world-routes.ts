import "./route-summary.ts";
import { QmtlError } from "@qmtl/core";
import type { HttpServer } from "@qmtl/service/http";
import type { FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { computeContextJson, computeContextOf, downgraded, executionDomainOfMode } from "@qmtl/core";
import type { Counter } from "@qmtl/service/metrics";
import type { PretradeCounts } from "../worlds/pretrade.ts";
import type { Asking, WorldAnswer, WorldClient } from "../worlds/world-client.ts";

export interface WorldRouteOptions {
  readonly client: WorldClient | undefined;
  readonly enforceLiveGuard: boolean;
  readonly downgrades: Counter;
  readonly pretrade: PretradeCounts;
}

type WorldRequest = FastifyRequest<{ Params: { id: string; "*"?: string }; Querystring: Record<string, string> }>;

/** Headers of WorldService's answer that a client gets to see. */
const passedDown = ["content-type", "etag", "cache-control", "location", "retry-after", "last-modified"];
const passedUp = ["content-type", "if-match", "if-none-match", "accept", "idempotency-key"];

/**
 * Everything below /worlds, answered by WorldService with its own status. Decisions and activations are remembered; when
 * WorldService does not answer they are shown closed, and marked.
 */
export function addWorldRoutes(server: HttpServer, options: WorldRouteOptions): void {
  const inWorld = (role: "reader" | "operator") => ({ role, world: "params.id" }) as const;
  const proxied = async (request: FastifyRequest, reply: FastifyReply) =>
    forward(request as WorldRequest, reply, options);
  const add = (method: HTTPMethods[], url: string, access: object, summary: string, extra: object = {}): void => {
    const handler = proxied;
    server.route({ method, url, handler, config: { access, rawBody: true, ...extra }, schema: { summary } } as never);
  };
  add(["GET", "POST"], "/worlds", { role: "authenticated" }, "worlds, answered by WorldService");
  add(["GET"], "/allocations", { role: "reader", world: "query.world_id" }, "allocations, answered by WorldService");
  add(["POST"], "/allocations", { role: "operator", world: "*" }, "allocations, answered by WorldService");
  for (const url of ["/worlds/:id", "/worlds/:id/*"]) {
    add(["GET"], url, inWorld("reader"), "a world, answered by WorldService");
    add(["POST", "PUT", "PATCH", "DELETE"], url, inWorld("operator"), "a world, answered by WorldService");
  }
  // What keeps orders safe must not wait behind what is merely asked often.
  for (const part of ["lease", "acks", "kill"]) {
    add(["POST"], `/worlds/:id/${part}`, inWorld("operator"), "a world, answered by WorldService", {
      rate: "reserved",
    });
  }
  const remembered = { config: { access: inWorld("reader") } };
  server.get(
    "/worlds/:id/decide",
    { ...remembered, schema: { summary: "a world's decision" } },
    async (request, reply) => decide(request as WorldRequest, reply, options),
  );
  server.get(
    "/worlds/:id/activation",
    { ...remembered, schema: { summary: "a strategy's activation" } },
    async (request, reply) => activation(request as WorldRequest, reply, options),
  );
}

async function forward(request: WorldRequest, reply: FastifyReply, options: WorldRouteOptions): Promise<FastifyReply> {
  const client = clientOf(options);
  const { method, url, params } = request;
  if (
    options.enforceLiveGuard &&
    method === "POST" &&
    /\/(apply|promotions\/live\/(auto-)?apply)$/.test(url.split("?", 1)[0]!)
  ) {
    requireConfirmation(request);
  }
  const headers = Object.fromEntries(
    passedUp.flatMap((name): [string, string][] => {
      const value = request.headers[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
  const body = request.rawBody === undefined || request.rawBody === "" ? {} : { body: request.rawBody };
  const response = await client.forward({ method, path: url, headers, ...body }, askingOf(request));
  if (request.routeOptions.url === "/worlds/:id/lease") options.pretrade.answered(params.id, response);
  // Our own change is known here before its event comes round.
  if (method !== "GET" && response.status < 300 && params.id !== undefined) client.invalidate(params.id);
  for (const name of passedDown) {
    const value = response.headers[name];
    if (value !== undefined) void reply.header(name, value);
  }
  return reply.code(response.status).send(response.body === "" ? undefined : response.body);
}

async function decide(request: WorldRequest, reply: FastifyReply, options: WorldRouteOptions): Promise<FastifyReply> {
  const { id } = request.params;
  const asOf = request.query["as_of"] ?? "";
  const answer = await clientOf(options).decide(id, asOf, askingOf(request));
  const mode = answer.body["effective_mode"];
  if (answer.status !== 200 || mode === undefined) return send(request, reply, answer);
  const executionDomain = executionDomainOfMode(mode);
  let context = computeContextOf({ worldId: id, executionDomain, asOf });
  if (answer.stale) context = downgraded({ ...context, downgradeReason: null }, "stale_decision");
  if (context.downgradeReason !== null) options.downgrades.increment({ reason: context.downgradeReason });
  const more = { execution_domain: context.executionDomain, compute_context: computeContextJson(context) };
  return send(request, reply, { ...answer, body: { ...answer.body, ...more } });
}

async function activation(
  request: WorldRequest,
  reply: FastifyReply,
  options: WorldRouteOptions,
): Promise<FastifyReply> {
  const { strategy_id: strategyId, side } = request.query;
  if (strategyId === undefined || (side !== "long" && side !== "short")) {
    throw new QmtlError("REQUEST_INVALID", 'the query must have strategy_id and side, "long" or "short"');
  }
  return send(
    request,
    reply,
    await clientOf(options).activation(request.params.id, strategyId, side, askingOf(request)),
  );
}

function send(request: WorldRequest, reply: FastifyReply, answer: WorldAnswer): FastifyReply {
  if (answer.cacheControl !== null) void reply.header("cache-control", answer.cacheControl);
  if (answer.stale) void reply.header("warning", "110 - Response is stale").header("x-stale", "true");
  if (answer.etag !== null) {
    void reply.header("etag", answer.etag);
    if (answer.status === 200 && request.headers["if-none-match"] === answer.etag) return reply.code(304).send();
  }
  return reply.code(answer.status).send(answer.body);
}

/** The header says that the caller knows what it starts. Whether it may is for its role to say. */
function requireConfirmation({ headers }: FastifyRequest): void {
  if (headers["x-allow-live"] === "true") return;
  throw new QmtlError("LIVE_GUARD", "this may start live trading, and X-Allow-Live: true is missing", {
    hint: "send X-Allow-Live: true to confirm",
  });
}

function askingOf({ principal, correlationId }: FastifyRequest): Asking {
  return { principal, correlationId };
}

function clientOf({ client }: WorldRouteOptions): WorldClient {
  if (client === undefined) {
    throw new QmtlError("DEPENDENCY_UNAVAILABLE", "WorldService disabled", {
      hint: "this Gateway serves no worlds: start qmtl up, or set gateway.worldservice_url",
    });
  }
  return client;
}

import "./route-summary.ts";
import { FillsPage } from "@qmtl/contracts/gateway";
import { isWireObject, QmtlError, type Clock } from "@qmtl/core";
import { allows, everyWorld, type Authenticator, type Principal } from "@qmtl/service/auth";
import type { HttpServer } from "@qmtl/service/http";
import type { Counter } from "@qmtl/service/metrics";
import type { FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { signatureHolds } from "../fills/fill-signature.ts";
import type { FillRejection, Fills, FillScope } from "../fills/fills.ts";

export interface FillRouteOptions {
  readonly fills: Fills;
  readonly auth: Authenticator;
  readonly secret: string | undefined;
  readonly clock: Clock;
  readonly accepted: Counter;
  readonly rejected: Counter;
}

type ReplayQuery = Static<typeof ReplayQuery>;
const Time = Type.Integer(); // epoch milliseconds
const ReplayQuery = Type.Object({
  start: Type.Optional(Time),
  end: Type.Optional(Time),
  from_ts: Type.Optional(Time), // other names of the same
  to_ts: Type.Optional(Time),
  world_id: Type.Optional(Type.String({ maxLength: 128 })),
  strategy_id: Type.Optional(Type.String({ maxLength: 128 })),
  from_offset: Type.Optional(Type.Integer({ minimum: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
});

/** Fills from venues and runners, and what was kept of them. */
export function addFillRoutes(server: HttpServer, options: FillRouteOptions): void {
  server.post(
    "/fills",
    {
      config: { access: { role: "ticket" }, rawBody: true },
      schema: { summary: "report a fill, with a token or a signature" },
    },
    async (request, reply) => {
      try {
        await keep(request, options);
      } catch (error) {
        // Labels say who only once that is certain.
        options.rejected.increment({ world_id: "", strategy_id: "", reason: rejectionOf(error) });
        throw error;
      }
      return reply.code(202).send();
    },
  );
  const summary = "fills that were kept, oldest first";
  const response = { 202: FillsPage };
  server.get<{ Querystring: ReplayQuery }>(
    "/fills/replay",
    {
      config: { access: { role: "reader", world: "query.world_id" } },
      schema: { summary, querystring: ReplayQuery, response },
    },
    async (request, reply) => reply.code(202).send(await replay(request, request.query, options)),
  );
  server.post<{ Body: ReplayQuery }>(
    "/fills/replay",
    {
      config: { access: { role: "reader", world: "body.world_id" } },
      schema: { summary, body: ReplayQuery, response },
    },
    async (request, reply) => reply.code(202).send(await replay(request, request.body, options)),
  );
}

async function replay(request: FastifyRequest, query: ReplayQuery, { fills }: FillRouteOptions): Promise<FillsPage> {
  if (query.world_id === undefined && !allows(request.principal, "reader", everyWorld)) {
    throw new QmtlError("REQUEST_INVALID", "name the world_id whose fills you may read");
  }
  const { start, end, from_ts: fromTs, to_ts: toTs, world_id: worldId, strategy_id: strategyId } = query;
  const scope = { worldId, strategyId, fromMs: start ?? fromTs, toMs: end ?? toTs, fromOffset: query.from_offset };
  return fills.replay({ ...scope, limit: query.limit ?? 500 }, request.correlationId);
}

async function keep(request: FastifyRequest, options: FillRouteOptions): Promise<void> {
  // Whoever signs with the shared key speaks for every world; whoever brings a token for those it names.
  const principal = await authenticated(request, options);
  const { data, eventId } = fillIn(request.body);
  const scope = scopeOf(request, data);
  if (principal !== undefined && !allows(principal, "operator", scope.worldId)) {
    throw new QmtlError("PERMISSION_DENIED", `"${principal.subject}" may not report fills of world "${scope.worldId}"`);
  }
  await options.fills.keep(scope, data, eventId);
  options.accepted.increment({ world_id: scope.worldId, strategy_id: scope.strategyId });
}

/** Undefined for a signed webhook. */
async function authenticated(request: FastifyRequest, options: FillRouteOptions): Promise<Principal | undefined> {
  const { authorization, host, origin, "x-signature": signature, "x-signature-timestamp": timestamp } = request.headers;
  if (authorization === undefined && signature !== undefined) {
    const { secret, clock } = options;
    const body = request.rawBody ?? "";
    const given = { signature: String(signature), timestamp: String(timestamp ?? ""), body };
    if (secret !== undefined && signatureHolds({ secret, ...given }, clock.nowMs())) return undefined;
    throw new QmtlError("UNAUTHENTICATED", "the signature does not hold", {
      hint: "X-Signature is the hex HMAC-SHA256 of X-Signature-Timestamp, a dot and the body; X-Signature-Timestamp is in epoch seconds, at most 5 minutes from now",
    });
  }
  try {
    return await options.auth.authenticate({
      authorization,
      host,
      origin,
      remoteAddress: request.socket.remoteAddress,
    });
  } catch (cause) {
    throw new QmtlError("UNAUTHENTICATED", "a fill needs a bearer token or a signature", { cause });
  }
}

/** A fill comes in a CloudEvent, or as it is. */
function fillIn(body: unknown): { data: Readonly<Record<string, unknown>>; eventId: string | undefined } {
  if (!isWireObject(body)) throw wrongEnvelope("an object");
  if (!("specversion" in body) && !("data" in body)) return { data: body, eventId: undefined };
  const { specversion, id, data } = body;
  if (typeof specversion !== "string" || !isWireObject(data)) throw wrongEnvelope("specversion and an object as data");
  return { data, eventId: typeof id === "string" ? id : undefined };
}

function scopeOf({ headers }: FastifyRequest, data: Readonly<Record<string, unknown>>): FillScope {
  const one = (name: "world_id" | "strategy_id", header: string): string => {
    const [inBody, inHeader] = [data[name], headers[header]];
    if (inBody !== undefined && inHeader !== undefined && inBody !== inHeader) {
      throw missingIds(`${name} differs between header and body`);
    }
    const id = inBody ?? inHeader;
    if (typeof id === "string" && id.trim() !== "") return id;
    throw missingIds(`a fill must name its ${name}`);
  };
  return { worldId: one("world_id", "x-world-id"), strategyId: one("strategy_id", "x-strategy-id") };
}

function missingIds(message: string): QmtlError {
  return new QmtlError("SCHEMA_INVALID", message, { details: { code: "E_MISSING_IDS" } });
}

function wrongEnvelope(expected: string): QmtlError {
  const message = `a fill comes in a CloudEvent with ${expected}`;
  return new QmtlError("SCHEMA_INVALID", message, { details: { code: "E_CE_REQUIRED" } });
}

function rejectionOf(error: unknown): FillRejection | "other" {
  if (!(error instanceof QmtlError)) return "other";
  if (error.details["code"] === "E_MISSING_IDS") return "missing_ids";
  if (error.details["code"] === "E_CE_REQUIRED") return "ce_required";
  if (error.code === "UNAUTHENTICATED" || error.code === "PERMISSION_DENIED") return "auth";
  if (error.code === "SCHEMA_INVALID") return "schema";
  return error.code === "IDEMPOTENCY_CONFLICT" ? "conflict" : "other";
}

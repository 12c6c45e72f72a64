import "./route-summary.ts";
import { controlEvents } from "@qmtl/contracts/events";
import { EventSubscribe, EventSubscription, SnapshotData } from "@qmtl/contracts/gateway";
import { formatInstant, type Clock } from "@qmtl/core";
import type { EventTokens, KeySet, Tickets } from "@qmtl/service/auth";
import type { HttpServer } from "@qmtl/service/http";
import type { FastifyRequest } from "fastify";
import { normalTopics } from "../events/topics.ts";
import { streamPaths } from "./stream-server.ts";

export interface EventRouteOptions {
  readonly keys: KeySet;
  readonly tokens: EventTokens;
  readonly tickets: Tickets;
  readonly clock: Clock;
  readonly tokenMs: number;
  readonly streamUrl: string | undefined;
  readonly fallbackUrl: string | undefined;
}

export function addEventRoutes(server: HttpServer, options: EventRouteOptions): void {
  const { tokens, tickets, clock } = options;
  server.post<{ Body: EventSubscribe }>(
    "/events/subscribe",
    {
      config: { access: { role: "reader", world: "body.world_id" } },
      schema: {
        summary: "permission to follow the events of a world",
        body: EventSubscribe,
        response: { 200: EventSubscription },
      },
    },
    async (request): Promise<EventSubscription> => {
      const { world_id, strategy_id } = request.body;
      const topics = normalTopics(request.body.topics ?? [], world_id);
      const scope = { sub: strategy_id, world_id, strategy_id, topics };
      const { token, claims, expiresAtMs } = await tokens.sign(scope, options.tokenMs);
      const { ticket, expiresInMs } = tickets.issue(claims);
      return {
        stream_url: options.streamUrl ?? addressOf(request, "/ws/evt"),
        fallback_url: options.fallbackUrl ?? addressOf(request, "/ws"),
        token,
        ticket,
        ticket_expires_at: formatInstant(Math.floor(clock.nowMs() + expiresInMs)),
        topics,
        expires_at: formatInstant(expiresAtMs),
      };
    },
  );
  server.get(
    "/events/jwks",
    { config: { access: { role: "public" } }, schema: { summary: "public keys of event tokens" } },
    async (_request, reply) => reply.header("cache-control", "max-age=300").send(options.keys.publicKeys),
  );
  server.get(
    "/events/schema",
    { config: { access: { role: "public" } }, schema: { summary: "JSON Schemas of the events' data, by type" } },
    async () => eventSchemas,
  );
  for (const path of streamPaths) {
    server.get(
      path,
      { config: { access: { role: "ticket" } }, schema: { summary: "event stream (WebSocket)" } },
      async (_request, reply) =>
        reply
          .code(426)
          .header("upgrade", "websocket")
          .send({ detail: { code: "E_UPGRADE_REQUIRED", message: `${path} speaks WebSocket` } }),
    );
  }
}

/** By the names clients see, which are older than those on the bus for some. */
const eventSchemas = {
  snapshot: SnapshotData,
  "tagquery.upsert": controlEvents.queue_updated.schema,
  queue_update: controlEvents.queue_updated.schema,
  queue_lifecycle: controlEvents.queue_lifecycle.schema,
  sentinel_weight: controlEvents.sentinel_weight_updated.schema,
  activation_updated: controlEvents.activation_updated.schema,
  policy_updated: controlEvents.policy_updated.schema,
};

/** Where the client reached us is where it can open a stream. */
function addressOf(request: FastifyRequest, path: string): string {
  const scheme = request.protocol === "https" ? "wss" : "ws";
  return `${scheme}://${request.host}${path}`;
}

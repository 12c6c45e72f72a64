import type { FastifyRequest } from "fastify";
import type { LogFields } from "../logging/index.ts";

/** What a log line about a request says of it: who it came from, and which world and strategy it is about. */
export function requestFields(request: FastifyRequest): LogFields {
  const worldId = named(request, "worlds", "world_id");
  const strategyId = named(request, "strategies", "strategy_id");
  return {
    correlation_id: request.correlationId,
    ...(worldId !== undefined && { world_id: worldId }),
    ...(strategyId !== undefined && { strategy_id: strategyId }),
    method: request.method,
    route: routeOf(request),
    ...(request.principal !== null && request.principal.subject !== "" && { subject: request.principal.subject }),
  };
}

/** By the path (`/worlds/:id/…`), the query or the body. */
function named(request: FastifyRequest, collection: string, key: string): string | undefined {
  const parts = [request.params, request.query, request.body] as (Record<string, unknown> | null | undefined)[];
  const ofPath = routeOf(request).startsWith(`/${collection}/:id`) ? parts[0]?.["id"] : undefined;
  const found = ofPath ?? parts.map((part) => part?.[key]).find((value) => typeof value === "string");
  return typeof found === "string" ? found.slice(0, 128) : undefined;
}

/** The route as it was added: what requests are counted by. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? "unknown";
}

import { QmtlError } from "@qmtl/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { RouteEntry } from "./create-http-server.ts";

/**
 * Refuses a request that no route takes. A path that other methods take is answered with their names.
 *
 * @throws QmtlError `METHOD_NOT_ALLOWED`, `ROUTE_UNKNOWN`
 */
export function refuseUnknownRoute(routes: readonly RouteEntry[], request: FastifyRequest, reply: FastifyReply): never {
  const path = request.url.split("?", 1)[0]!.slice(0, 200);
  const allowed = new Set(routes.filter(({ url }) => matches(url, path)).map(({ method }) => method));
  if (allowed.size === 0) throw new QmtlError("ROUTE_UNKNOWN", `there is no ${request.method} ${path}`);
  const methods = [...allowed].toSorted();
  void reply.header("allow", methods.join(", "));
  throw new QmtlError("METHOD_NOT_ALLOWED", `${path} takes ${methods.join(", ")}; found ${request.method}`, {
    details: { allowed: methods },
  });
}

/** `/worlds/:id/*` and "/worlds/w1/policies". */
function matches(route: string, path: string): boolean {
  const parts = route.split("/");
  const found = path.split("/");
  if (parts.at(-1) !== "*" && parts.length !== found.length) return false;
  return parts.every((part, index) => part === "*" || part === found[index] || (part.startsWith(":") && found[index]));
}

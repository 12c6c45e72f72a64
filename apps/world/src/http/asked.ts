import type { FastifyRequest } from "fastify";
import { hashOfRequest, type Asked } from "../store/world-store.ts";

/** Who asks and for what, for the audit. */
export function askedOf(request: FastifyRequest, action: string): Asked {
  // How long the caller is willing to wait, and the like, is in the query: no part of what is asked for.
  const { principal, correlationId, params, body } = request;
  return {
    actor: principal.via === undefined ? principal.subject : `${principal.subject} via ${principal.via}`,
    correlationId,
    requestHash: hashOfRequest([action, params ?? {}, body ?? null]),
  };
}

export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

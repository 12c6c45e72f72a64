import type { FastifyRequest } from "fastify";
import { hashOfRequest, type Asked } from "../store/world-store.ts";

/** Who asks and for what, for the audit. */
export function askedOf(request: FastifyRequest, action: string): Asked {
  // How long the caller is willing to wait, and the like, is in the query: no part of what is asked for. Neither is what
  // the caller had seen when it asked: who asks again may have read the world anew.
  const { principal, correlationId, params } = request;
  const body = withoutEpoch(request.body);
  return {
    actor: principal.via === undefined ? principal.subject : `${principal.subject} via ${principal.via}`,
    correlationId,
    requestHash: hashOfRequest([action, params ?? {}, body ?? null]),
  };
}

function withoutEpoch(body: unknown): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const { expected_epoch: _epoch, ...asked } = body as Record<string, unknown>;
  return asked;
}

export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

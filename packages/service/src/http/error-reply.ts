import { wireErrorOf } from "@qmtl/contracts/errors";
import { errorCatalog, QmtlError, type ErrorCode } from "@qmtl/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { STATUS_CODES } from "node:http";
import type { Logger } from "../logging/index.ts";
import type { RefusalLog } from "./refusal-log.ts";
import { requestFields, routeOf } from "./request-fields.ts";

/** Any error as a reply of the wire's shape. What only the service can mend is logged with its cause, and not told. */
export function replyToError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
  refusals: RefusalLog,
): FastifyReply {
  const known = asQmtlError(error);
  const { correlationId } = request;
  const status = statusOf(known, error);
  if (status >= 500) {
    const fields = { ...requestFields(request), route: routeOf(request), status, error };
    // That a dependency is away is known where it is called; everything else here is for somebody to look at.
    if (known !== undefined && (status === 502 || status === 503)) {
      refusals.say(known, fields.route, { ...requestFields(request), status });
    } else logger.error("request failed", fields);
  }
  const retryAfterMs = known?.details["retry_after_ms"];
  if (typeof retryAfterMs === "number") void reply.header("retry-after", String(Math.ceil(retryAfterMs / 1_000)));
  if (status === 401) void reply.header("www-authenticate", "Bearer");
  // A body that was refused half way is not worth reading to its end.
  if (status === 413) void reply.header("connection", "close");
  const body =
    known === undefined
      ? { detail: { code: "E_INTERNAL", message: "the service failed", correlation_id: correlationId } }
      : wireErrorOf(known, correlationId);
  return reply.code(status).send(body);
}

function statusOf(known: QmtlError | undefined, error: unknown): number {
  const declared = (error as { statusCode?: unknown }).statusCode;
  if (error instanceof QmtlError || typeof declared !== "number") {
    return known === undefined ? 500 : errorCatalog[known.code].http;
  }
  return declared;
}

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  400: "REQUEST_INVALID",
  404: "ROUTE_UNKNOWN",
  405: "METHOD_NOT_ALLOWED",
  413: "REQUEST_TOO_LARGE",
  414: "REQUEST_TOO_LARGE",
  415: "MEDIA_TYPE_UNKNOWN",
  431: "REQUEST_TOO_LARGE",
};

/** The framework's own refusals, and broken gzip, in the catalog's words. A bug stays a bug. */
function asQmtlError(error: unknown): QmtlError | undefined {
  if (error instanceof QmtlError) return error;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (typeof code === "string" && /^(Z_|ERR_BUFFER_TOO_LARGE)/.test(code)) {
    return new QmtlError("JSON_INVALID", "the body is not the gzip it claims to be", { cause: error });
  }
  if (typeof statusCode !== "number" || statusCode < 400 || statusCode >= 500) return undefined;
  const words = message ?? STATUS_CODES[statusCode] ?? "the request is refused";
  return new QmtlError(codesByStatus[statusCode] ?? "REQUEST_INVALID", words.charAt(0).toLowerCase() + words.slice(1));
}

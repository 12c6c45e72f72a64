import { errorCatalog, QmtlError, type ErrorCode } from "@qmtl/core";
import { Type, type Static } from "typebox";

/** What every service answers instead of a result: `{"detail": {"code": "E_CHECKSUM_MISMATCH", "message": "…"}}`. */
export type WireError = Static<typeof WireError>;
export const WireError = Type.Object({
  detail: Type.Object(
    {
      code: Type.String({ description: "stable name of what went wrong, E_ and upper-case words" }),
      message: Type.String({ description: "what was expected and what was found" }),
      hint: Type.Optional(Type.String({ description: "the next step" })),
      correlation_id: Type.Optional(Type.String({ description: "the id under which the service logged it" })),
    },
    { additionalProperties: true, description: "further fields belong to the code" },
  ),
});

/** Codes whose wire name is an older one that clients know already. */
const wireNames: Partial<Record<ErrorCode, string>> = {
  JSON_INVALID: "E_INVALID_JSON",
  SUBMISSION_DUPLICATE: "E_DUPLICATE",
  UNAUTHENTICATED: "E_AUTH",
  LIVE_GUARD: "E_PERMISSION_DENIED",
};

/** The name of an error on the wire: the one in its details where the contract gives one, else its own with `E_`. */
export function wireCodeOf({ code, details }: QmtlError): string {
  const named = details["code"];
  return typeof named === "string" ? named : (wireNames[code] ?? `E_${code}`);
}

export function wireErrorOf(error: QmtlError, correlationId?: string): WireError {
  return {
    detail: {
      ...error.details,
      code: wireCodeOf(error),
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(correlationId !== undefined && { correlation_id: correlationId }),
    },
  };
}

/**
 * The error behind a reply of a service, for its caller: the code of the catalog where the wire name is known, and
 * otherwise what the status says.
 *
 * @param who - who answered, for the message of a body that is no wire error: "the gateway"
 */
export function errorFromWire(who: string, status: number, body: unknown): QmtlError {
  const detail = (body as { detail?: unknown } | null | undefined)?.detail;
  if (typeof detail !== "object" || detail === null || !("code" in detail) || typeof detail.code !== "string") {
    const text = typeof detail === "string" ? `: ${detail}` : "";
    return new QmtlError(codeOfStatus(status), `${who} answered with status ${status}${text}`, { details: { status } });
  }
  const { message, hint, ...details } = detail as Record<string, unknown> & { code: string };
  const code = codeOfWireName(detail.code, status) ?? codeOfStatus(status);
  return new QmtlError(code, typeof message === "string" ? message : `${who} answered ${detail.code}`, {
    details: { ...details, status },
    ...(typeof hint === "string" && { hint }),
  });
}

const codeByWireName = new Map<string, ErrorCode>([
  ...(Object.keys(errorCatalog) as ErrorCode[]).map((code): [string, ErrorCode] => [`E_${code}`, code]),
  ...(Object.entries(wireNames) as [ErrorCode, string][]).map(([code, name]): [string, ErrorCode] => [name, code]),
]);

function codeOfWireName(name: string, status: number): ErrorCode | undefined {
  // Two codes share this name; the one without a guard is the general one.
  if (name === "E_PERMISSION_DENIED") return "PERMISSION_DENIED";
  const code = codeByWireName.get(name);
  return code !== undefined && status < 500 === errorCatalog[code].http < 500 ? code : undefined;
}

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  400: "REQUEST_INVALID",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "ROUTE_UNKNOWN",
  405: "METHOD_NOT_ALLOWED",
  409: "IDEMPOTENCY_CONFLICT",
  412: "PRECONDITION_FAILED",
  413: "REQUEST_TOO_LARGE",
  422: "REQUEST_INVALID",
  428: "PRECONDITION_REQUIRED",
  429: "RATE_LIMITED",
  502: "DEPENDENCY_FAILED",
  503: "DEPENDENCY_UNAVAILABLE",
  504: "DEPENDENCY_UNAVAILABLE",
};

function codeOfStatus(status: number): ErrorCode {
  return codesByStatus[status] ?? (status >= 400 && status < 500 ? "REQUEST_INVALID" : "DEPENDENCY_FAILED");
}

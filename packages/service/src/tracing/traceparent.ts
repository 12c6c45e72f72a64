import { sha256Hex } from "@qmtl/core";

/** Which piece of work, in which trace, asks. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const form = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/**
 * The context of a `traceparent` header; anything malformed starts a trace of its own.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function readTraceparent(header: string | readonly string[] | null | undefined): TraceContext | undefined {
  if (typeof header !== "string" || header.length > 256) return undefined;
  const [, traceId = "", spanId = "", flags = "0"] = form.exec(header) ?? [];
  // Version 00 has exactly these four fields; later ones may have more.
  if (header.startsWith("00-") && header.length !== 55) return undefined;
  if (!/[1-9a-f]/.test(traceId) || !/[1-9a-f]/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparentOf({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/**
 * The trace of a correlation id: work that is done later, or elsewhere, for the same request is found with it. A
 * correlation id of our own making is a trace id as it stands.
 */
export function traceIdOf(correlationId: string): string {
  return /^(?!0{32})[0-9a-f]{32}$/.test(correlationId) ? correlationId : sha256Hex(correlationId).slice(0, 32);
}

import type { TraceContext } from "./traceparent.ts";

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";
export type AttributeValue = string | number | boolean;

/** A span that has ended. */
export interface SpanRecord {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: TraceContext;
  readonly parentSpanId: string | undefined;
  /** UTC milliseconds, with a fraction. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** What went wrong, when it did. */
  readonly failure: string | undefined;
}

const kinds: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const failed = 2;

/**
 * Spans as the body of an OTLP/HTTP request.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function otlpBody(spans: readonly SpanRecord[]): object {
  const byService = Map.groupBy(spans, ({ service }) => service);
  return {
    resourceSpans: [...byService].map(([service, members]) => ({
      resource: { attributes: [attribute("service.name", service)] },
      scopeSpans: [{ scope: { name: "qmtl" }, spans: members.map(otlpSpan) }],
    })),
  };
}

function otlpSpan({ name, kind, context, parentSpanId, startMs, endMs, attributes, failure }: SpanRecord): object {
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    status: failure === undefined ? {} : { code: failed, message: failure },
  };
}

function attribute(key: string, value: AttributeValue): object {
  if (typeof value === "boolean") return { key, value: { boolValue: value } };
  if (typeof value === "string") return { key, value: { stringValue: value } };
  return { key, value: Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
}

/** 64-bit integers are texts in this encoding. A double holds microseconds of our time exactly, nanoseconds not. */
function nanoseconds(timeMs: number): string {
  return String(BigInt(Math.round(timeMs * 1_000)) * 1_000n);
}

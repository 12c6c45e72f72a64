import type { Clock, Ids } from "@qmtl/core";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Logger } from "../logging/index.ts";
import { redactedText } from "../logging/redact.ts";
import { SpanExporter } from "./span-exporter.ts";
import type { AttributeValue, SpanKind } from "./span-record.ts";
import { traceparentOf, type TraceContext } from "./traceparent.ts";

export type { SpanKind } from "./span-record.ts";

export interface Span {
  readonly context: TraceContext;
  set(name: string, value: AttributeValue): void;
  fail(error: unknown): void;
  end(): void;
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** Who asked, from another process. By default what runs now in this one. */
  readonly parent?: TraceContext | undefined;
  /** The trace it belongs to when nobody's span is its parent: see `traceIdOf`. What runs now for another one is none. */
  readonly traceId?: string | undefined;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/**
 * Follows work through services: each piece is a span, and a call to another service carries `traceparent`. Without an
 * endpoint nothing is recorded, and what a caller sent is still passed on.
 */
export interface Tracing {
  /** Runs a piece of work as a span of what runs now. */
  span<Result>(name: string, run: (span: Span) => Promise<Result>, options?: SpanOptions): Promise<Result>;
  /** Begins a span that the caller ends, for work that is not one function. */
  begin(name: string, options?: SpanOptions): Span;
  /** Runs something, and all it sets off, as part of a span. */
  within<Result>(span: Span, run: () => Result): Result;
  /** Headers, or metadata, for a call to another service. */
  headers(): Readonly<Record<string, string>>;
  /** Sends what was recorded. */
  flush(): Promise<void>;
}

export interface TracingOptions {
  readonly service: string;
  /** OTLP/HTTP address, "console", or null for none. */
  readonly endpoint: string | null;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly fetch?: typeof fetch;
}

export function createTracing({ endpoint, fetch: call = fetch, ...options }: TracingOptions): Tracing {
  const { clock, logger } = options;
  const exporter = endpoint === null ? undefined : new SpanExporter({ endpoint, clock, logger, fetch: call });
  return new ServiceTracing(options, exporter);
}

// One for the process: what runs now does not depend on which service asks.
const running = new AsyncLocalStorage<Span>();

class ServiceTracing implements Tracing {
  readonly #options: Pick<TracingOptions, "service" | "clock" | "ids">;
  readonly #exporter: SpanExporter | undefined;

  constructor(options: Pick<TracingOptions, "service" | "clock" | "ids">, exporter: SpanExporter | undefined) {
    this.#options = options;
    this.#exporter = exporter;
  }

  async span<Result>(name: string, run: (span: Span) => Promise<Result>, options: SpanOptions = {}): Promise<Result> {
    const span = this.begin(name, options);
    try {
      return await this.within(span, () => run(span));
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }

  begin(name: string, { kind = "internal", attributes = {}, ...place }: SpanOptions = {}): Span {
    const parent = parentOf(place);
    if (this.#exporter === undefined) return parent === undefined ? unrecorded : passedOn(parent);
    const { clock, ids, service } = this.#options;
    const spanId = hexId(ids).slice(-16);
    const context = {
      traceId: parent?.traceId ?? place.traceId ?? hexId(ids),
      spanId,
      sampled: parent?.sampled ?? true,
    };
    if (!context.sampled) return passedOn(context);
    const startMs = clock.nowMs();
    const startedMs = clock.monotonicMs();
    const facts: Record<string, AttributeValue> = { ...attributes };
    const exporter = this.#exporter;
    let failure: string | undefined;
    let ended = false;
    return {
      context,
      set: (key, value) => void (facts[key] = typeof value === "string" ? redactedText(value) : value),
      fail: (error) => void (failure = redactedText(error instanceof Error ? error.message : String(error))),
      end: () => {
        if (ended) return;
        ended = true;
        const endMs = startMs + clock.monotonicMs() - startedMs;
        const parentSpanId = parent?.spanId;
        exporter.add({ service, name, kind, context, parentSpanId, startMs, endMs, attributes: facts, failure });
      },
    };
  }

  within<Result>(span: Span, run: () => Result): Result {
    return span === unrecorded ? run() : running.run(span, run);
  }

  headers(): Readonly<Record<string, string>> {
    const span = running.getStore();
    return span === undefined ? {} : { traceparent: traceparentOf(span.context) };
  }

  async flush(): Promise<void> {
    await this.#exporter?.flush();
  }
}

const unrecorded: Span = passedOn({ traceId: "0".repeat(32), spanId: "0".repeat(16), sampled: false });

function parentOf({ parent, traceId }: Pick<SpanOptions, "parent" | "traceId">): TraceContext | undefined {
  if (parent !== undefined) return parent;
  const current = running.getStore()?.context;
  return traceId === undefined || current?.traceId === traceId ? current : undefined;
}

function passedOn(context: TraceContext): Span {
  return { context, set: () => {}, fail: () => {}, end: () => {} };
}

function hexId(ids: Ids): string {
  return ids.next().replaceAll("-", "");
}

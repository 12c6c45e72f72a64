export {
  createTracing,
  type Span,
  type SpanKind,
  type SpanOptions,
  type Tracing,
  type TracingOptions,
} from "./tracing.ts";
export { readTraceparent, traceIdOf, traceparentOf, type TraceContext } from "./traceparent.ts";

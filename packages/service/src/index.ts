export {
  allows,
  Authenticator,
  checkBinding,
  EventTokens,
  openAuthenticator,
  everyWorld,
  LocalKeySet,
  localOperator,
  openLocalKeySet,
  Tickets,
  type Credentials,
  type EventClaims,
  type KeySet,
  type Principal,
  type Role,
} from "./auth/index.ts";
export { createHttpServer, listen, type AccessRule, type HttpServer, type HttpServerOptions } from "./http/index.ts";
export { ServiceHost, type ServicePart } from "./lifecycle/index.ts";
export { createLogger, silentLogger, type LogFields, type Logger } from "./logging/index.ts";
export { createMetrics, type Counter, type Gauge, type Histogram, type Metrics } from "./metrics/index.ts";
export { budgets, loadConfig, Secret, type Budgets, type Config, type LoadedConfig } from "./config/index.ts";
export { CircuitBreaker, retry, type BreakerState } from "./resilience/index.ts";
export {
  createTracing,
  readTraceparent,
  traceIdOf,
  type Span,
  type TraceContext,
  type Tracing,
} from "./tracing/index.ts";

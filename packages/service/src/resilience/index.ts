export { CircuitBreaker, type BreakerState, type CircuitBreakerOptions } from "./circuit-breaker.ts";
export { retry, type RetryOptions } from "./retry.ts";

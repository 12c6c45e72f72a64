import type { StreamTopic } from "@qmtl/contracts/gateway";
import type { BreakerState } from "@qmtl/service/resilience";
import type { Counter, Gauge, Histogram, Metrics } from "@qmtl/service/metrics";

/** What the Gateway counts. Labels that come from outside are bounded by the registry. */
export interface GatewayMetrics {
  readonly submitLatency: Histogram;
  readonly lostRequests: Counter;
  readonly level: Gauge;
  readonly worldLatency: Histogram;
  readonly worldRequests: Counter;
  readonly cacheHits: Counter;
  readonly cacheHitRatio: Gauge;
  readonly staleResponses: Counter;
  readonly downgrades: Counter;
  readonly submissionDowngrades: Counter;
  readonly fillsAccepted: Counter;
  readonly fillsRejected: Counter;
  readonly relayed: Counter;
  readonly relayDropped: Counter;
  readonly fannedOut: Counter;
  readonly relaySkew: Gauge;
  readonly busLag: Gauge;
  readonly sentinelRatio: Gauge;
  readonly sentinelSkew: Gauge;
  readonly subscribers: Gauge;
  readonly socketsDropped: Counter;
  readonly connections: Counter;
  readonly disconnects: Counter;
  readonly authFailures: Counter;
  readonly heartbeats: Counter;
  readonly acks: Counter;
  readonly refreshes: Counter;
  readonly refreshFailures: Counter;
  readonly worldBreaker: (state: BreakerState, failures: number) => void;
}

export function gatewayMetrics(metrics: Metrics): GatewayMetrics {
  const counter = (name: string, help: string, labels: string[] = []) => metrics.counter(name, help, labels);
  const gauge = (name: string, help: string, labels: string[] = []) => metrics.gauge(name, help, labels);
  return {
    submitLatency: metrics.quantile("gateway_e2e_latency_p95", "p95 of the last 100 submissions, in ms", 0.95),
    lostRequests: counter("lost_requests_total", "submissions that were refused because they could not be stored"),
    level: gauge("degrade_level", "0 normal, 1 partial, 2 minimal, 3 static", ["service"]),
    worldLatency: metrics.quantile(
      "worlds_proxy_latency_p95",
      "p95 of the last 100 calls of WorldService, in ms",
      0.95,
    ),
    worldRequests: counter("worlds_proxy_requests_total", "calls of WorldService"),
    cacheHits: counter("worlds_cache_hits_total", "answers known without asking anew"),
    cacheHitRatio: gauge("worlds_cache_hit_ratio", "share of answers known without asking anew"),
    staleResponses: counter("worlds_stale_responses_total", "answers shown closed because nobody could confirm them"),
    downgrades: counter("worlds_compute_context_downgrade_total", "decisions that grant less", ["reason"]),
    submissionDowngrades: counter("strategy_compute_context_downgrade_total", "submissions in safe mode", ["reason"]),
    fillsAccepted: counter("fills_accepted_total", "fills kept", ["world_id", "strategy_id"]),
    fillsRejected: counter("fills_rejected_total", "fills refused", ["world_id", "strategy_id", "reason"]),
    relayed: counter("event_relay_events_total", "control events handed on", ["topic"]),
    relayDropped: counter("event_relay_dropped_total", "repeated or unreadable control events", ["topic"]),
    fannedOut: counter("event_fanout_total", "events queued for clients", ["topic"]),
    relaySkew: gauge("event_relay_skew_ms", "age of the last event when it was handed on", ["topic"]),
    busLag: gauge("controlbus_lag_ms", "age of the last event when it came", ["topic"]),
    sentinelRatio: gauge("gateway_sentinel_traffic_ratio", "share of traffic of a version", ["sentinel_id"]),
    sentinelSkew: gauge("sentinel_skew_seconds", "how long a weight took to get here", ["sentinel_id"]),
    subscribers: gauge("ws_subscribers", "clients of a topic", ["topic"]),
    socketsDropped: counter("ws_dropped_subscribers_total", "clients closed for being slow"),
    connections: counter("ws_connections_total", "streams opened"),
    disconnects: counter("ws_disconnects_total", "streams ended"),
    authFailures: counter("ws_auth_failures_total", "streams refused"),
    heartbeats: counter("ws_heartbeats_total", "heartbeats of clients"),
    acks: counter("ws_acks_total", "acknowledgements of clients"),
    refreshes: counter("ws_refreshes_total", "tokens renewed on an open stream"),
    refreshFailures: counter("ws_refresh_failures_total", "renewals refused"),
    worldBreaker: breakerMetrics(metrics, "worlds"),
  };
}

/** Shows how the circuit breaker of a client is: "dagclient" is that of the DAG Manager, where it is another process. */
export function breakerMetrics(
  metrics: Metrics,
  of: "dagclient" | "worlds",
): (state: BreakerState, failures: number) => void {
  const state = metrics.gauge(`${of}_breaker_state`, "1 while calls fail at once", []);
  const failures = metrics.gauge(`${of}_breaker_failures`, "failures in a row", []);
  const opened = metrics.gauge(`${of}_breaker_open_total`, "how often it opened", []);
  state.set(0);
  return (now, count) => {
    state.set(now === "open" ? 1 : 0);
    failures.set(count);
    if (now === "open") opened.add(1);
  };
}

export function topicLabel(topic: StreamTopic | null): string {
  return topic ?? "submission";
}

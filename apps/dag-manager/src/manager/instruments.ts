import type { Metrics } from "@qmtl/service";

/** The metrics of the DAG Manager, by the names operators know. */
export function createInstruments(metrics: Metrics) {
  const crossContext = ["world_id", "execution_domain"];
  return {
    diffDurationMs: metrics.quantile("diff_duration_ms_p95", "95th percentile of the last diffs, ms", 0.95),
    diffSeconds: metrics.histogram("diff_duration_seconds", "time of a diff, until it is durable"),
    diffRequests: metrics.counter("diff_requests_total", "diffs asked for"),
    diffFailures: metrics.counter("diff_failures_total", "diffs that failed"),
    queueCreateErrors: metrics.counter("queue_create_error_total", "queues that could not be made"),
    sentinelGaps: metrics.gauge("sentinel_gap_count", "diffs that brought no node for their sentinel to mark"),
    orphanQueues: metrics.gauge("orphan_queue_total", "queues no submission reaches"),
    gcLastRun: metrics.gauge("gc_last_run_timestamp", "end of the last garbage collection, epoch seconds"),
    // The embedded log has no breaker: it stays 0 for those who watch it.
    brokerBreaker: metrics.counter("kafka_breaker_open_total", "times the broker's circuit breaker opened"),
    computeNodes: metrics.gauge("compute_nodes_total", "nodes in the graph"),
    queues: metrics.gauge("queues_total", "queues that are in use or kept"),
    crossContextHits: metrics.counter(
      "cross_context_cache_hit_total",
      "queues found under another context than their own; has to stay 0",
      crossContext,
    ),
    crossContextViolations: metrics.counter(
      "cross_context_cache_violation_total",
      "diffs refused because a queue would have been shared between contexts",
      crossContext,
    ),
    versionWeight: metrics.gauge("dagmanager_active_version_weight", "share of traffic of a version", ["version"]),
  } as const;
}

export type Instruments = ReturnType<typeof createInstruments>;

import type { Metrics } from "@qmtl/service/metrics";

/** What the WorldService counts, under the names its documents give. */
export interface WorldMetrics {
  decided(durationMs: number): void;
  applied(
    worldId: string,
    status: string,
    durationMs: number,
    counts: { readonly promoted: number; readonly demoted: number },
  ): void;
  applyFailed(worldId: string, stage: string): void;
  allocationsRead(worldId: string, stale: boolean): void;
  /** Between a change of activation and the publication of its event. */
  activationSkew(seconds: number): void;
}

export function worldMetrics(metrics: Metrics): WorldMetrics {
  const decide = metrics.quantile("world_decide_latency_ms_p95", "time to answer a decision, ms", 0.95);
  const apply = metrics.quantile(
    "world_apply_duration_ms_p95",
    "time from the request to the end of an apply, ms",
    0.95,
  );
  const skew = metrics.gauge("activation_skew_seconds", "age of the activation event published last");
  const promotions = metrics.counter("promotion_fail_total", "promotions an apply has rolled back", ["world_id"]);
  const demotions = metrics.counter("demotion_fail_total", "demotions an apply has rolled back", ["world_id"]);
  const runs = metrics.counter("world_apply_run_total", "applies by their end", ["world_id", "status"]);
  const failures = metrics.counter("world_apply_failure_total", "applies that failed", ["world_id", "stage"]);
  const allocations = metrics.counter("world_allocation_snapshot_total", "allocations read", ["world_id"]);
  const stale = metrics.counter("world_allocation_snapshot_stale_total", "stale allocations read", ["world_id"]);
  const ratio = metrics.gauge("world_allocation_snapshot_stale_ratio", "share of stale reads", ["world_id"]);
  const reads = new Map<string, { all: number; stale: number }>();
  // The WorldService serves decisions from its own truth; the name is kept for dashboards.
  metrics.counter("stale_decision_cache", "decisions served although they were too old").increment({}, 0);
  return {
    decided: (durationMs) => decide.observe(durationMs),
    applied(worldId, status, durationMs, { promoted, demoted }) {
      apply.observe(durationMs);
      runs.increment({ world_id: worldId, status });
      if (status !== "rolled_back") return;
      if (promoted > 0) promotions.increment({ world_id: worldId }, promoted);
      if (demoted > 0) demotions.increment({ world_id: worldId }, demoted);
    },
    applyFailed: (worldId, stage) => failures.increment({ world_id: worldId, stage }),
    allocationsRead(worldId, isStale) {
      const seen = reads.get(worldId) ?? { all: 0, stale: 0 };
      seen.all += 1;
      if (isStale) seen.stale += 1;
      if (reads.size < 1_000) reads.set(worldId, seen);
      allocations.increment({ world_id: worldId });
      if (isStale) stale.increment({ world_id: worldId });
      ratio.set(seen.stale / seen.all, { world_id: worldId });
    },
    activationSkew: (seconds) => skew.set(seconds),
  };
}

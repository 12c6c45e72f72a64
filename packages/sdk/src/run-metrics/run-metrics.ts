import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { QmtlError } from "@qmtl/core";
import * as prometheus from "@prometheus-io/client";

/**
 * What a run in a world counts, under the names operators know: orders and refusals, fills, gaps that were filled,
 * checkpoints. One registry a run.
 */
export class RunMetrics {
  readonly #registry = new prometheus.Registry<prometheus.PrometheusContentType>();
  readonly #worldId: string;
  readonly #refresh: () => RunGauges;
  readonly #attempts = this.#counter("pretrade_attempts_total", "orders that asked the gate", ["world_id"]);
  readonly #rejections = this.#counter("pretrade_rejections_total", "orders the gate refused", ["world_id", "reason"]);
  readonly #rejected = this.#counter("orders_rejected_total", "orders refused by gate or venue", [
    "world_id",
    "reason",
  ]);
  readonly #published = this.#counter("orders_published_total", "orders that left", ["world_id"]);
  readonly #fills = this.#counter("fills_ingested_total", "fills taken into the account", ["world_id"]);
  readonly #crossContext = this.#counter(
    "cross_context_cache_hit_total",
    "node outputs found under another context; a defect when it is not 0",
    ["node_id", "world_id", "execution_domain", "as_of", "partition"],
  );
  readonly #ratio = this.#gauge("pretrade_rejection_ratio", "refused orders by those that asked", ["world_id"]);
  readonly #resident = this.#gauge("nodecache_resident_bytes", "memory of node outputs", ["node_id", "scope"]);
  readonly #sharpe = this.#gauge("alpha_sharpe", "Sharpe ratio of the run so far", []);
  readonly #drawdown = this.#gauge("alpha_max_drawdown", "largest drawdown of the run so far, a fraction", []);
  readonly #staleness = this.#gauge("live_staleness_seconds", "age of the newest computed bar", ["world_id"]);
  readonly #backfills = this.#gauge("backfill_jobs_in_progress", "gaps that are being filled", []);
  readonly #backfilled = this.#gauge("backfill_last_timestamp", "end of the last gap that was filled", [
    "node_id",
    "interval",
  ]);
  readonly #backfillFailures = this.#counter("backfill_failure_total", "gaps that stayed", ["node_id", "interval"]);
  readonly #snapshots = new prometheus.Histogram<string>({
    name: "snapshot_write_duration_ms",
    help: "time to write a checkpoint",
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000],
    registers: [this.#registry],
  });
  #asked = 0;
  #refused = 0;

  constructor(worldId: string, refresh: () => RunGauges) {
    this.#worldId = worldId;
    this.#refresh = refresh;
    for (const counter of [this.#attempts, this.#published, this.#fills]) counter.inc({ world_id: worldId }, 0);
    const unset = "__unset__";
    const context = { node_id: "all", world_id: worldId, execution_domain: unset, as_of: unset, partition: unset };
    this.#crossContext.inc(context, 0);
  }

  /** An order has asked the gate. */
  asked(refusal: string | undefined): void {
    this.#asked++;
    this.#attempts.inc({ world_id: this.#worldId });
    if (refusal === undefined) this.#published.inc({ world_id: this.#worldId });
    else {
      this.#refused++;
      this.#rejections.inc({ world_id: this.#worldId, reason: refusal });
      this.#rejected.inc({ world_id: this.#worldId, reason: refusal });
    }
    this.#ratio.set({ world_id: this.#worldId }, this.#refused / this.#asked);
  }

  filled(count: number): void {
    this.#fills.inc({ world_id: this.#worldId }, count);
  }

  checkpointed(durationMs: number): void {
    this.#snapshots.observe(durationMs);
  }

  /** A gap is being filled; the answer is to be called when that has ended, well or not. */
  backfilling(nodeId: string, intervalSeconds: number): (endMs: number | undefined) => void {
    const labels = { node_id: nodeId, interval: intervalSeconds };
    this.#backfills.inc();
    return (endMs) => {
      this.#backfills.dec();
      if (endMs === undefined) this.#backfillFailures.inc(labels);
      else this.#backfilled.set(labels, endMs / 1_000);
    };
  }

  /** The text exposition format of Prometheus. */
  text(): Promise<string> {
    const { sharpe, maxDrawdown, stalenessSeconds, residentBytes } = this.#refresh();
    if (sharpe !== null) this.#sharpe.set(sharpe);
    this.#drawdown.set(maxDrawdown);
    if (Number.isFinite(stalenessSeconds)) this.#staleness.set({ world_id: this.#worldId }, stalenessSeconds);
    this.#resident.set({ node_id: "all", scope: "total" }, residentBytes);
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #counter(name: string, help: string, labelNames: readonly string[]): prometheus.Counter<string> {
    return new prometheus.Counter<string>({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: readonly string[]): prometheus.Gauge<string> {
    return new prometheus.Gauge<string>({ name, help, labelNames, registers: [this.#registry] });
  }
}

/** What is looked up when somebody reads the metrics. */
export interface RunGauges {
  readonly sharpe: number | null;
  readonly maxDrawdown: number;
  readonly stalenessSeconds: number;
  readonly residentBytes: number;
}

export interface MetricsServer {
  readonly url: string;
  close(): void;
}

/**
 * Serves a run's metrics on this machine, at `/metrics`.
 *
 * @param port - 0 takes a free one
 * @throws QmtlError `PORT_TAKEN`
 */
export async function serveMetrics(metrics: RunMetrics, port: number): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const hint = "choose another metricsPort, or 0 for a free one";
      reject(new QmtlError("PORT_TAKEN", `cannot serve metrics on port ${port}: ${cause.message}`, { hint, cause }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  server.unref();
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/metrics`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

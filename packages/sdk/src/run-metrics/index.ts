export { RunMetrics, serveMetrics, type MetricsServer } from "./run-metrics.ts";

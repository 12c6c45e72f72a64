export { RunMetrics, serveMetrics, type RunGauges } from "./run-metrics.ts";

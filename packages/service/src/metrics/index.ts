export { createMetrics, type Counter, type Gauge, type Histogram, type Labels, type Metrics } from "./metrics.ts";

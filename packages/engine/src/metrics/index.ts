export type { PerformanceMetrics } from "./metrics.ts";

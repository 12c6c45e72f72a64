export { linearityMetrics, portfolioLinearityMetrics, type EquitySeries } from "./linearity.ts";

export { legacyReturnsReport, type ReturnsReportOptions } from "./legacy-returns-report.ts";
export {
  renderReport,
  renderReports,
  reportFormats,
  reportOf,
  type ReportFormat,
  type ReportOptions,
} from "./render-report.ts";
export type { TradeRow, ReportDocument } from "./report-document.ts";
export type { PeriodRow } from "./period-rows.ts";
export { remarks, runSummary, summaryFigures, type SummaryFigure } from "./run-summary.ts";

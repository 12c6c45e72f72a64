import { nearestWord, QmtlError, shown } from "@qmtl/core";
import type { RunResult } from "@qmtl/engine/result";
import { chartSet } from "./chart-data.ts";
import { htmlPage } from "./html-page.ts";
import { markdownPage } from "./markdown-page.ts";
import { reportDocument, type ReportDocument } from "./report-document.ts";
import { runSeries, type RunSeries } from "./run-series.ts";

export const reportFormats = ["html", "markdown", "json"] as const;
export type ReportFormat = (typeof reportFormats)[number];

export interface ReportOptions {
  readonly format: ReportFormat;
  /** Default: the strategy's class name. */
  readonly title?: string;
}

/**
 * A run for people (`html`: one file that opens offline; `markdown`) or for programs (`json`: `ReportDocument`). All
 * three show the same values. The same run gives the same text: no clock, no locale, no path goes into it.
 *
 * @throws QmtlError `PARAMETER_INVALID` for an unknown format
 */
export function renderReport(result: RunResult, { format, title }: ReportOptions): string {
  if (!reportFormats.includes(format)) {
    const near = nearestWord(String(format), reportFormats);
    throw new QmtlError("PARAMETER_INVALID", `format must be html, markdown or json; found ${shown(format)}`, {
      ...(near !== undefined && { hint: `did you mean ${near}?` }),
    });
  }
  const series = runSeries(result);
  const report = reportDocument(result, series, title ?? result.strategy);
  return renderers[format](report, result, series);
}

/** All formats at once, for the price of the dearest and a little. */
export function renderReports(
  result: RunResult,
  { title = result.strategy }: { readonly title?: string } = {},
): Readonly<Record<ReportFormat, string>> {
  const series = runSeries(result);
  const report = reportDocument(result, series, title);
  return {
    html: renderers.html(report, result, series),
    markdown: renderers.markdown(report, result, series),
    json: renderers.json(report, result, series),
  };
}

/** What `renderReport` shows, as an object. */
export function reportOf(result: RunResult, title: string = result.strategy): ReportDocument {
  return reportDocument(result, runSeries(result), title);
}

const renderers: Readonly<
  Record<ReportFormat, (report: ReportDocument, result: RunResult, series: RunSeries) => string>
> = {
  html: (report, result, series) => htmlPage(report, chartSet(result, series)),
  markdown: markdownPage,
  json: reportJson,
};

// One key a line: small, and two reports can be compared line by line.
function reportJson(report: ReportDocument): string {
  const lines = Object.entries(report).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

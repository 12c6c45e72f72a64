import { closeTimeKind, type FigureDefinition } from "./figures.ts";
import type { PerformanceMetrics } from "@qmtl/engine/metrics";
import { html, type Html } from "./html.ts";
import { formatFigure, type FigureKind } from "./page-kit.ts";
import type { ReportDocument } from "./report-document.ts";

/** A figure as text, with the JSON's path and value beside it. */
export function shownFigure(path: string, value: number | string | null, kind: FigureKind, signed = false): Html {
  const style = signed && typeof value === "number" && value !== 0 ? (value > 0 ? "gain" : "loss") : "";
  return html`<span${style ? html` class="${style}"` : null} data-figure="${path}" data-value="${String(value)}">${formatFigure(value, kind)}</span>`;
}

/** A figure of the whole run. */
export function shownMetric(report: ReportDocument, { name, kind }: FigureDefinition): Html {
  const ownKind = name === "endMs" ? closeTimeKind(report.intervalMs) : kind;
  return shownFigure(`metrics.${name}`, report.metrics[name], ownKind, signedMetrics.has(name));
}

/** A table or picture that may be wider than the screen: it scrolls, the page does not; reachable by keyboard. */
export function scrolling(label: string, content: Html): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${content}</div>`;
}

const signedMetrics: ReadonlySet<keyof PerformanceMetrics> = new Set([
  "totalReturn",
  "buyAndHoldReturn",
  "cagr",
  "averageTrade",
  "expectancy",
]);

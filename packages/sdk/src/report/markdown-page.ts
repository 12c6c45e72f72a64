import { formatInterval } from "@qmtl/core";
import { closeTimeKind, figureGroups, tradeFigures } from "./figures.ts";
import { formatFigure } from "./page-kit.ts";
import type { ReportDocument } from "./report-document.ts";

const tradesMax = 50;

/** The report as GitHub-flavoured Markdown: headings and tables, no HTML. */
export function markdownPage(report: ReportDocument): string {
  const { metrics, years, months, drawdowns, trades, nodes, dataQuality, assumptions, warnings } = report;
  const close = closeTimeKind(report.intervalMs);
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  const columns = tradeFigures.filter(({ name }) => !["maxFavorable", "maxAdverse"].includes(name));
  const parts = [
    `# ${text(report.title)}`,
    [
      text(report.instruments.map(({ symbol }) => symbol).join(", ")),
      `${formatFigure(metrics.startMs, "instant")} to ${formatFigure(metrics.endMs, close)} UTC`,
      `${formatFigure(metrics.bars, "count")} bars${report.intervalMs === null ? "" : ` of ${formatInterval(report.intervalMs)}`}`,
      text(report.currency),
    ].join(" · "),
    ...list("Why there are no trades", report.zeroTradeReasons.map(text)),
    ...figureGroups.flatMap(({ title, figures }) => [
      `## ${title}`,
      table(
        ["Figure", "Value", "Meaning"],
        figures.map(({ name, label, kind, meaning }) => [
          label,
          formatFigure(metrics[name], name === "endMs" ? close : kind),
          meaning,
        ]),
        [1],
      ),
    ]),
    "## Years",
    table(
      ["Year", "Return", "Buy-and-hold", "Deepest drawdown", "Trades closed"],
      years.map((row) => [
        row.period,
        formatFigure(row.return, "percent"),
        formatFigure(row.buyAndHoldReturn, "percent"),
        formatFigure(row.drawdown, "percent"),
        formatFigure(row.tradesClosed, "count"),
      ]),
      [1, 2, 3, 4],
    ),
    "## Months",
    table(
      ["Month", "Return", "Buy-and-hold"],
      months.map((row) => [
        row.period,
        formatFigure(row.return, "percent"),
        formatFigure(row.buyAndHoldReturn, "percent"),
      ]),
      [1, 2],
    ),
    "## Deepest drawdowns",
    table(
      ["Depth", "Peak", "Trough", "Recovered", "Duration"],
      drawdowns.map((row) => [
        formatFigure(row.depth, "percent"),
        formatFigure(row.peakMs, close),
        formatFigure(row.troughMs, close),
        row.recoveryMs === null ? "not yet" : formatFigure(row.recoveryMs, close),
        formatFigure(row.durationMs, "duration"),
      ]),
      [0, 4],
    ),
    "## Trades",
    ...(trades.rows.length > tradesMax
      ? [`The last ${tradesMax} of ${formatFigure(trades.rows.length, "count")}.`]
      : []),
    table(
      columns.map(({ label }) => label),
      trades.rows
        .slice(-tradesMax)
        .map((row) =>
          columns.map(({ name, kind }) =>
            text(formatFigure(row[trades.columns.indexOf(name)] as number | string | null, kind)),
          ),
        ),
      columns.flatMap(({ kind }, i) => (kind === "text" || kind === "instant" ? [] : [i])),
    ),
    "## Nodes",
    table(
      ["Name", "Operator", "Interval", "Inputs", "Parameters", "Rows"],
      nodes.map((node) => [
        text(node.name),
        text(node.operator ?? node.type),
        formatInterval(node.intervalMs),
        text(node.inputs.map((id) => names.get(id) ?? id).join(", ")),
        text(JSON.stringify(node.params)),
        formatFigure(node.rows, "count"),
      ]),
      [5],
    ),
    "## Data quality",
    table(
      ["Stream", "Source", "Rows", "First", "Last", "Missing bars", "Longest gap", "Findings"],
      dataQuality.map((quality) => [
        text(quality.stream),
        text(quality.source),
        formatFigure(quality.rows, "count"),
        formatFigure(quality.firstMs, "instant"),
        formatFigure(quality.lastMs, "instant"),
        formatFigure(quality.missingBuckets, "count"),
        formatFigure(quality.longestGapMs, "duration"),
        text(quality.findings.map(({ rule, count, example }) => `${rule} × ${count}: ${example}`).join("; ") || "none"),
      ]),
      [2, 5, 6],
    ),
    "## Assumptions",
    table(
      ["Name", "Value"],
      assumptions.map(({ name, value }) => [text(name), text(value)]),
      [],
    ),
    ...list(
      "Warnings",
      warnings.map(
        ({ code, message, node }) => `${text(code)}: ${text(message)}${node ? ` (node ${text(node)})` : ""}`,
      ),
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`## ${title}`, items.map((item) => `- ${item}`).join("\n")];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  if (rows.length === 0) return "None.";
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map((_, i) => (right.includes(i) ? "---:" : "---"))), ...rows.map(line)].join("\n");
}

// A user's text stays text: no markup, no line breaks, no cell ends.
function text(value: string): string {
  return value.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>#|~!&]/g, "\\$&");
}

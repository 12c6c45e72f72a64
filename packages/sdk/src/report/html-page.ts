import { formatInterval } from "@qmtl/core";
import type { ChartSet } from "./chart-data.ts";
import { chartSection, monthSection } from "./html-charts.ts";
import { assumptionSection, dataSection, nodeSection, warningSection } from "./html-evidence.ts";
import { closeTimeKind } from "./figures.ts";
import { drawdownSection, figureSection, keyCards } from "./html-figures.ts";
import { shownTradeColumns, tradeSection } from "./html-trades.ts";
import { html, raw, scriptJson, type Html } from "./html.ts";
import { formatFigure } from "./page-kit.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import { tradeColumns, type ReportDocument } from "./report-document.ts";

// More rows than this travel packed: 30,000 trades as plain JSON would be most of the file.
const plainTradesMax = 2_000;

/**
 * One page that needs nothing else. Its policy forbids every request, and every script but ours by its hash, so that
 * even markup that slipped through could do nothing.
 */
export function htmlPage(report: ReportDocument, charts: ChartSet): string {
  const packed = report.trades.rows.length > plainTradesMax;
  const { trades, ...rest } = report;
  const page = {
    times: base64(charts.times),
    bars: charts.bars,
    charts: charts.charts.map(({ series, markers, ...chart }) => ({
      ...chart,
      series: series.map((line) => ({
        ...line,
        low: base64(line.low),
        high: line.high === line.low ? null : base64(line.high),
      })),
      markers: markers.map((marks) => ({
        ...marks,
        at: base64(marks.at),
        price: base64(marks.price),
        count: base64(marks.count),
      })),
    })),
    tradeColumns: shownTradeColumns(report),
    entryAt: tradeColumns.indexOf("entryMs"),
    exitAt: tradeColumns.indexOf("exitMs"),
    trades: packed ? packedColumns(trades) : null,
  };
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src '${scriptHash()}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="QMTL" />
        <title>${report.title}</title>
        <style>
          ${raw(pageStyle)}
        </style>
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        ${head(report)}
        <main id="main">
          ${keyCards(report)} ${zeroTrades(report)} ${chartSection(report, charts)} ${monthSection(report)}
          ${figureSection(report)} ${drawdownSection(report)} ${tradeSection(report)} ${nodeSection(report)}
          ${dataSection(report)} ${assumptionSection(report)} ${warningSection(report)}
        </main>
        <footer>
          <p>
            Strategy <code>${report.strategyId}</code>. Times are UTC. Every figure here is in the JSON inside this file
            (<code>${report.schema}</code>).
          </p>
        </footer>
        ${script(' type="application/json" id="qmtl-report"', scriptJson(packed ? rest : report))}
        ${script(' type="application/json" id="qmtl-page"', scriptJson(page))} ${script("", pageScript)}
      </body>
    </html> `.markup;
}

// Modules of Node.js that only a page needs are loaded with the first one: a run without a page starts sooner.
function scriptHash(): string {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return `sha256-${createHash("sha256").update(pageScript).digest("base64")}`;
}

// Without a blank inside: the policy's hash is over the exact text of the element.
function script(attributes: string, text: string): Html {
  return raw(`<script${attributes}>${text}</script>`);
}

function head({ title, instruments, metrics, intervalMs, currency, warnings }: ReportDocument): Html {
  const symbols = instruments.map(({ symbol }) => symbol);
  const shown =
    symbols.length > 4 ? `${symbols.slice(0, 4).join(", ")} and ${symbols.length - 4} more` : symbols.join(", ");
  const facts = [
    shown,
    metrics.startMs === null
      ? "no bars"
      : `${formatFigure(metrics.startMs, "instant")} to ${formatFigure(metrics.endMs, closeTimeKind(intervalMs))}`,
    `${formatFigure(metrics.bars, "count")} ${intervalMs === null ? "" : `${formatInterval(intervalMs)} `}bars`,
    currency,
  ];
  return html`<header>
    <h1>${title}</h1>
    <p class="soft">${facts.filter(Boolean).join(" · ")}</p>
    <nav aria-label="Sections">
      <a href="#charts">Charts</a><a href="#months">Months</a><a href="#figures">Figures</a
      ><a href="#drawdowns">Drawdowns</a><a href="#trades">Trades</a><a href="#nodes">Nodes</a><a href="#data">Data</a
      ><a href="#assumptions">Assumptions</a><a href="#warnings">Warnings (${warnings.length})</a>
    </nav>
  </header>`;
}

function zeroTrades({ zeroTradeReasons }: ReportDocument): Html | null {
  if (zeroTradeReasons.length === 0) return null;
  return html`<section class="alert" id="zero-trades">
    <h2>Why there are no trades</h2>
    <ul>
      ${zeroTradeReasons.map((reason) => html`<li>${reason}</li>`)}
    </ul>
  </section>`;
}

// By column, because like compresses with like.
function packedColumns({ columns, rows }: ReportDocument["trades"]): string {
  const values = columns.map((_, column) => rows.map((row) => row[column]));
  return process.getBuiltinModule("node:zlib").deflateRawSync(JSON.stringify(values), { level: 1 }).toString("base64");
}

function base64(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

import type { ChartSet } from "./chart-data.ts";
import { scrolling, shownFigure } from "./html-figure.ts";
import { html, raw, type Html } from "./html.ts";
import { formatFigure, plotMarkup, pointText, type FigureKind } from "./page-kit.ts";
import type { PeriodRow } from "./period-rows.ts";
import type { ReportDocument } from "./report-document.ts";

export function chartSection(report: ReportDocument, { times, bars, charts }: ChartSet): Html {
  if (times.length < 2)
    return html`<section id="charts">
      <h2>Charts</h2>
      <p>Fewer than two bars: nothing to draw.</p>
    </section>`;
  const perPoint = Math.ceil(bars / times.length);
  return html`<section id="charts">
    <h2>Charts</h2>
    <div class="bar script" role="toolbar" aria-label="Zoom of all charts">
      <button type="button" id="zoom-in">Zoom in</button><button type="button" id="zoom-out">Zoom out</button
      ><button type="button" id="pan-left" aria-label="Earlier">←</button
      ><button type="button" id="pan-right" aria-label="Later">→</button
      ><button type="button" id="zoom-all">Whole run</button
      ><button type="button" id="log-scale" aria-pressed="false">Log scale</button>
    </div>
    <p class="note script">
      Drag over a chart to zoom, double-click for the whole run. Keys in a chart: ← → Home End Page Up Page Down read
      values, + − 0
      zoom.${perPoint > 1 ? ` A point stands for up to ${formatFigure(perPoint, "count")} bars and shows their lowest and highest value.` : ""}
    </p>
    ${charts.map((chart) => {
      const size = chart.id.startsWith("price") ? "tall" : chart.id === "equity" ? "" : "low";
      const height = size === "tall" ? 300 : size === "low" ? 150 : 240;
      const markup = plotMarkup(chart, times, { from: 0, to: times.length, width: 1_000, height, log: false });
      const last = times.length - 1;
      const keys = [
        ...chart.series.map(({ label, style }) => ({ label, style })),
        ...chart.markers.filter(({ at }) => at.length > 0).map(({ label, style }) => ({ label, style })),
      ];
      return html`<figure>
        <figcaption>
          <h3>${chart.title}</h3>
          ${keys.map(({ label, style }) => html`<span class="key"><i class="${style}"></i>${label}</span>`)}<span
            class="note"
            >${chart.note}</span
          >
        </figcaption>
        <div
          class="plot ${size}"
          id="plot-${chart.id}"
          tabindex="0"
          role="slider"
          aria-label="${chart.title}"
          aria-valuemin="0"
          aria-valuemax="${last}"
          aria-valuenow="${last}"
          aria-valuetext="${pointText(chart, times, last)}"
        >
          ${raw(markup)}
        </div>
        <p class="readout" id="readout-${chart.id}"></p>
      </figure>`;
    })}
    ${report.rollingSharpe.windowPeriods === null ? html`<p class="note">The run is too short for a rolling Sharpe ratio.</p>` : null}
    <details>
      <summary>The charts as a table</summary>
      ${periodTable(report, report.years.length > 2 ? "years" : "months")}
    </details>
  </section>`;
}

export function monthSection(report: ReportDocument): Html {
  const byPeriod = new Map(report.months.map((row, i) => [row.period, { row, i }]));
  const body = report.years.map((year, y) => {
    const cells = monthNames.map((_, m) => {
      const month = byPeriod.get(`${year.period}-${String(m + 1).padStart(2, "0")}`);
      return month ? heatCell(`months.${month.i}.return`, month.row.return) : html`<td></td>`;
    });
    return html`<tr>
      <th scope="row">${year.period}</th>
      ${cells}${heatCell(`years.${y}.return`, year.return)}
    </tr>`;
  });
  return html`<section id="months">
    <h2>Monthly returns</h2>
    ${scrolling(
      "Monthly returns",
      html`<table class="heat">
        <thead>
          <tr>
            <th scope="col">Year</th>
            ${monthNames.map((name) => html`<th scope="col">${name}</th>`)}
            <th scope="col">Year</th>
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
      </table>`,
    )}
  </section>`;
}

function periodTable(report: ReportDocument, unit: "years" | "months"): Html {
  const columns: readonly { key: keyof PeriodRow; label: string; kind: FigureKind; signed?: boolean }[] = [
    { key: "endEquity", label: "End equity", kind: "money" },
    { key: "return", label: "Return", kind: "percent", signed: true },
    { key: "buyAndHoldReturn", label: "Buy-and-hold", kind: "percent", signed: true },
    { key: "drawdown", label: "Deepest drawdown", kind: "percent" },
    { key: "rollingSharpe", label: "Rolling Sharpe", kind: "ratio" },
    { key: "closePrice", label: `${report.instruments[0]?.symbol ?? "Price"} close`, kind: "price" },
    { key: "tradesClosed", label: "Trades closed", kind: "count" },
  ];
  return scrolling(
    "Results by period",
    html`<table>
      <thead>
        <tr>
          <th scope="col">Period</th>
          ${columns.map(({ label }) => html`<th scope="col">${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${report[unit].map(
          (row, i) =>
            html`<tr>
              <th scope="row">${row.period}</th>
              ${columns.map(({ key, kind, signed }) => html`<td>${shownFigure(`${unit}.${i}.${key}`, row[key], kind, signed)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>`,
  );
}

const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function heatCell(path: string, value: number | null): Html {
  const strength = Math.min(0.5, 0.06 + Math.abs(value ?? 0) * 4);
  const colour = value
    ? ` style="background:rgba(var(--heat-${value > 0 ? "gain" : "loss"}),${strength.toFixed(2)})"`
    : "";
  return html`<td${raw(colour)}>${shownFigure(path, value, "percent")}</td>`;
}

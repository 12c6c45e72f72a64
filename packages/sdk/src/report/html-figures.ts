import { closeTimeKind, figureByName, figureGroups, keyFigures } from "./figures.ts";
import { scrolling, shownFigure, shownMetric } from "./html-figure.ts";
import { html, type Html } from "./html.ts";
import type { FigureKind } from "./page-kit.ts";
import type { ReportDocument } from "./report-document.ts";

export function keyCards(report: ReportDocument): Html {
  return html`<dl class="cards" aria-label="Key figures">
    ${keyFigures.map((name) => {
      const definition = figureByName.get(name)!;
      return html`<div title="${definition.meaning}">
        <dt>${definition.label}</dt>
        <dd>${shownMetric(report, definition)}</dd>
      </div>`;
    })}
  </dl>`;
}

export function figureSection(report: ReportDocument): Html {
  return html`<section id="figures">
    <h2>All figures</h2>
    <div class="figures">
      ${figureGroups.map(
        ({ title, figures }) =>
          html`<table>
            <caption>
              ${title}
            </caption>
            <tbody>
              ${figures.map(
                (definition) =>
                  html`<tr>
                    <th scope="row">${definition.label}<small>${definition.meaning}</small></th>
                    <td>${shownMetric(report, definition)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`,
      )}${orderTable(report)}
    </div>
  </section>`;
}

export function drawdownSection({ drawdowns, intervalMs }: ReportDocument): Html {
  if (drawdowns.length === 0)
    return html`<section id="drawdowns">
      <h2>Drawdowns</h2>
      <p>Equity never fell below a former peak.</p>
    </section>`;
  const close = closeTimeKind(intervalMs);
  const cells: readonly { key: keyof (typeof drawdowns)[number]; label: string; kind: FigureKind }[] = [
    { key: "depth", label: "Depth", kind: "percent" },
    { key: "peakMs", label: "Peak", kind: close },
    { key: "troughMs", label: "Trough", kind: close },
    { key: "recoveryMs", label: "Recovered", kind: close },
    { key: "durationMs", label: "Duration", kind: "duration" },
  ];
  return html`<section id="drawdowns">
    <h2>Deepest drawdowns</h2>
    ${scrolling(
      "Deepest drawdowns",
      html`<table>
        <thead>
          <tr>
            ${cells.map(({ label }) => html`<th scope="col">${label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${drawdowns.map(
            (row, i) =>
              html`<tr>
                ${cells.map(({ key, kind }) => html`<td>${key === "recoveryMs" && row[key] === null ? html`<span data-figure="drawdowns.${i}.${key}" data-value="null">not yet</span>` : shownFigure(`drawdowns.${i}.${key}`, row[key], kind)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </section>`;
}

function orderTable({ orders, fills }: ReportDocument): Html {
  const rows = [
    { label: "Orders", path: "orders.total", value: orders.total },
    ...Object.entries(orders.byStatus).map(([status, count]) => {
      return { label: `Orders ${status.replaceAll("_", " ")}`, path: `orders.byStatus.${status}`, value: count };
    }),
    { label: "Fills", path: "fills.total", value: fills.total },
    { label: "Decided by unknowable intrabar order", path: "fills.intrabarAmbiguous", value: fills.intrabarAmbiguous },
  ];
  return html`<table>
    <caption>
      Orders and fills
    </caption>
    <tbody>
      ${rows.map(
        ({ label, path, value }) =>
          html`<tr>
            <th scope="row">${label}</th>
            <td>${shownFigure(path, value, "count")}</td>
          </tr>`,
      )}
      <tr>
        <th scope="row">Slippage<small>Cost already inside the prices</small></th>
        <td>${shownFigure("fills.slippage", fills.slippage, "money")}</td>
      </tr>
    </tbody>
  </table>`;
}

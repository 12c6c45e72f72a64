import { tradeFigures } from "./figures.ts";
import { scrolling, shownFigure } from "./html-figure.ts";
import { html, type Html } from "./html.ts";
import type { FigureKind } from "./page-kit.ts";
import type { ReportDocument } from "./report-document.ts";

const tradesPerPage = 50;

export interface ShownColumn {
  readonly at: number;
  readonly label: string;
  readonly kind: FigureKind;
  readonly signed: boolean;
}

export function tradeSection(report: ReportDocument): Html {
  const { rows } = report.trades;
  if (rows.length === 0)
    return html`<section id="trades">
      <h2>Trades</h2>
      <p>No trades.</p>
    </section>`;
  const columns = shownTradeColumns(report);
  const body = rows.slice(0, tradesPerPage).map((row, i) => {
    const cells = columns.map(({ at, kind, signed }) => {
      const value = row[at] as number | string | null;
      return html`<td>${shownFigure(`trades.rows.${i}.${at}`, value, kind, signed)}</td>`;
    });
    return html`<tr>
      ${cells}
    </tr>`;
  });
  return html`<section id="trades">
    <h2>Trades</h2>
    <p class="note">
      Money is in quote currency, after fees.
      <span class="script">Headings sort; a number shows the trade in the charts.</span>
    </p>
    ${scrolling(
      "Trades",
      html`<table id="trade-rows">
        <thead>
          <tr>
            ${columns.map(({ label }) => html`<th scope="col"><button type="button">${label}</button></th>`)}
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
      </table>`,
    )}
    <div class="bar script" id="trade-pages" role="group" aria-label="Pages of trades">
      <button type="button" id="trades-first">First</button><button type="button" id="trades-back">Back</button
      ><span id="trade-place" aria-live="polite"></span><button type="button" id="trades-next">Next</button
      ><button type="button" id="trades-last">Last</button>
    </div>
  </section>`;
}

export function shownTradeColumns({ trades, instruments }: ReportDocument): ShownColumn[] {
  return tradeFigures.flatMap(({ name, label, kind }) => {
    const at = trades.columns.indexOf(name);
    const used = name === "instrument" ? instruments.length > 1 : trades.rows.some((row) => row[at] !== null);
    return used ? [{ at, label, kind, signed: name === "pnl" || name === "returnFraction" }] : [];
  });
}

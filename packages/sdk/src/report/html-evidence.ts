import { formatInterval } from "@qmtl/core";
import { scrolling, shownFigure } from "./html-figure.ts";
import { html, type Html } from "./html.ts";
import { nodeGraph } from "./node-graph.ts";
import { formatFigure } from "./page-kit.ts";
import type { ReportDocument } from "./report-document.ts";

export function nodeSection({ nodes }: ReportDocument): Html {
  const graph = nodeGraph(nodes);
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  const picture = graph
    ? html`${scrolling("Node graph", graph)}
        <p class="readout script" id="node-detail" aria-live="polite">
          Point at a node, or reach it with Tab, to read its parameters.
        </p>`
    : html`<p class="note">
        ${nodes.length === 0 ? "The run kept no nodes." : `${nodes.length} nodes are too much for a picture.`}
      </p>`;
  return html`<section id="nodes">
    <h2>Nodes</h2>
    ${picture}
    <details>
      <summary>The nodes as a table</summary>
      ${scrolling(
        "Nodes",
        html`<table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="words">Operator</th>
              <th scope="col">Interval</th>
              <th scope="col" class="words">Inputs</th>
              <th scope="col" class="words">Parameters</th>
              <th scope="col">Rows</th>
              <th scope="col">First value</th>
            </tr>
          </thead>
          <tbody>
            ${nodes.map(
              (node, i) =>
                html`<tr>
                  <th scope="row">${node.name}</th>
                  <td class="words">${node.operator ?? node.type}</td>
                  <td>${formatInterval(node.intervalMs)}</td>
                  <td class="words">${node.inputs.map((id) => names.get(id) ?? id).join(", ")}</td>
                  <td class="words"><code>${JSON.stringify(node.params)}</code></td>
                  <td>${shownFigure(`nodes.${i}.rows`, node.rows, "count")}</td>
                  <td>${shownFigure(`nodes.${i}.firstValueMs`, node.firstValueMs, "instant")}</td>
                </tr>`,
            )}
          </tbody>
        </table>`,
      )}
    </details>
  </section>`;
}

export function dataSection({ dataQuality }: ReportDocument): Html {
  const body = dataQuality.map(
    (quality, i) =>
      html`<tr>
        <th scope="row">${quality.stream}</th>
        <td class="words">${quality.source}</td>
        <td>${formatInterval(quality.intervalMs)}</td>
        <td>${shownFigure(`dataQuality.${i}.rows`, quality.rows, "count")}</td>
        <td>${shownFigure(`dataQuality.${i}.firstMs`, quality.firstMs, "instant")}</td>
        <td>${shownFigure(`dataQuality.${i}.lastMs`, quality.lastMs, "instant")}</td>
        <td>${shownFigure(`dataQuality.${i}.missingBuckets`, quality.missingBuckets, "count")}</td>
        <td>${shownFigure(`dataQuality.${i}.longestGapMs`, quality.longestGapMs, "duration")}</td>
        <td class="words">
          ${
            quality.findings.length === 0
              ? "none"
              : quality.findings.map(
                  ({ rule, count, example }) => html`<div>${rule} × ${formatFigure(count, "count")}: ${example}</div>`,
                )
          }
        </td>
        <td class="words"><code>${quality.digest}</code></td>
      </tr>`,
  );
  return html`<section id="data">
    <h2>Data quality</h2>
    ${
      dataQuality.length === 0
        ? html`<p>No data source was recorded.</p>`
        : scrolling(
            "Data quality",
            html`<table>
              <thead>
                <tr>
                  <th scope="col">Stream</th>
                  <th scope="col" class="words">Source</th>
                  <th scope="col">Interval</th>
                  <th scope="col">Rows</th>
                  <th scope="col">First</th>
                  <th scope="col">Last</th>
                  <th scope="col">Missing bars</th>
                  <th scope="col">Longest gap</th>
                  <th scope="col" class="words">Findings</th>
                  <th scope="col" class="words">Digest</th>
                </tr>
              </thead>
              <tbody>
                ${body}
              </tbody>
            </table>`,
          )
    }
  </section>`;
}

export function assumptionSection({ assumptions }: ReportDocument): Html {
  return html`<section id="assumptions">
    <h2>Assumptions</h2>
    ${
      assumptions.length === 0
        ? html`<p>None recorded.</p>`
        : html`<div class="scroll">
            <table>
              <tbody>
                ${assumptions.map(
                  ({ name, value }) =>
                    html`<tr>
                      <th scope="row">${name}</th>
                      <td class="words">${value}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

export function warningSection({ warnings }: ReportDocument): Html {
  const items = warnings.map(({ code, message, node, timeMs, count }) => {
    const facts = [
      node === undefined ? "" : `node ${node}`,
      timeMs === undefined ? "" : formatFigure(timeMs, "instant"),
      count === undefined ? "" : `${formatFigure(count, "count")} times`,
    ].filter(Boolean);
    return html`<li>
      <code>${code}</code> ${message}${facts.length > 0 ? html` <span class="soft">(${facts.join(", ")})</span>` : null}
    </li>`;
  });
  return html`<section id="warnings">
    <h2>Warnings</h2>
    ${
      items.length === 0
        ? html`<p>None.</p>`
        : html`<ul class="plain">
            ${items}
          </ul>`
    }
  </section>`;
}

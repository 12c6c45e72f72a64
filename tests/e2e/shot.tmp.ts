import { chromium } from "playwright-core";
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const shots = process.argv.slice(2);
for (const shot of shots) {
  const [name, scheme, width] = shot.split(":");
  const page = await browser.newPage({
    viewport: { width: Number(width), height: 900 },
    colorScheme: scheme as "dark",
  });
  page.on("console", (m) => console.log(shot, m.type(), m.text()));
  page.on("pageerror", (e) => console.log(shot, "ERR", e.stack));
  const t = performance.now();
  await page.goto(`file:///tmp/report-${name}.html`);
  await page.waitForTimeout(300);
  console.log(
    shot,
    "loaded",
    (performance.now() - t).toFixed(0),
    "scrollWidth",
    await page.evaluate(() => document.documentElement.scrollWidth),
  );
  await page.screenshot({ path: `/tmp/shot-${name}-${scheme}-${width}.png`, fullPage: true });
  await page.close();
}
await browser.close();

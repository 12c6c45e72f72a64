import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../../scripts/build/repository.ts";
import { documentationPages, readPage, translations } from "./blocks.ts";

const pages = [...documentationPages(), ...Object.values(translations), "CHANGELOG.md", "CONTRIBUTING.md"];

it.each(pages)("%s links to pages and headings that are there", (page) => {
  expect(linksOf(page).filter((link) => !leadsSomewhere(page, link))).toEqual([]);
});

it("leads from the README to every page, and from the Korean one to every page in Korean", () => {
  const korean = linksOf("README.ko.md");
  const translated = Object.values(translations).filter((page) => page !== "README.ko.md");
  expect(translated.filter((page) => !korean.includes(page))).toEqual([]);
  const readme = linksOf("README.md").map((link) => link.split("#")[0]);
  const decisions = (page: string) => page.startsWith("docs/decisions/");
  const linked = (page: string) => readme.includes(decisions(page) ? "docs/decisions/README.md" : page);
  expect(documentationPages().filter((page) => page !== "README.md" && !linked(page))).toEqual([]);
});

function linksOf(page: string): readonly string[] {
  const prose = readPage(page).replace(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^https?:/.test(link));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path).replaceAll("\\", "/").replace(/\/$/, "");
  if (!existsSync(join(root, target))) return false;
  return heading === undefined || anchorsOf(target).includes(heading);
}

function anchorsOf(page: string): readonly string[] {
  const headings = readPage(page)
    .replace(/^```[\s\S]*?^```$/gm, "")
    .matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

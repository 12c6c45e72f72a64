import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inRepository } from "../../scripts/build/repository.ts";
import { blocksOf, translations, type Block } from "./blocks.ts";

it.each(Object.entries(translations))("%s shows the same code and commands in Korean", (page, korean) => {
  expect(codeOf(korean)).toEqual(codeOf(page));
});

// These need a fresh clone, so no page's folder can run them.
it("shows only commands for a checkout that other tests run", () => {
  const shown = blocksOf("README.md").filter(({ info }) => info === "repository");
  const commands = shown.flatMap(({ code }) => code.trim().split("\n")).map((line) => line.replace(/\s+#.*$/, ""));
  const folder = inRepository("tests", "e2e");
  const endToEnd = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  const texts = [".ci/run", ...endToEnd.map((name) => join("tests", "e2e", name))].map((path) =>
    readFileSync(inRepository(path), "utf8"),
  );
  expect(commands.filter((command) => !texts.some((text) => text.includes(command)))).toEqual([]);
});

function codeOf(page: string): readonly object[] {
  const withoutComments = (code: string) => code.replace(/\s*(\/\/|#) .*$/gm, "");
  return blocksOf(page).map(({ language, info, code }: Block) => ({ language, info, code: withoutComments(code) }));
}

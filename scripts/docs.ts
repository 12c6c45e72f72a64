// Writes the reference pages that are made from the sources. `--check` writes nothing and fails when one is stale.

import { readFileSync, writeFileSync } from "node:fs";
import { inRepository } from "./build/repository.ts";
import { apiPage } from "./docs/api-page.ts";
import { errorsPage } from "./docs/errors-page.ts";
import { settingsPage } from "./docs/settings-page.ts";
import { indicatorsPage, transformsPage } from "./docs/operators-page.ts";

/** Path below the repository → what makes its text. */
const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/api.md": apiPage,
  "docs/errors.md": errorsPage,
  "docs/settings.md": settingsPage,
  "docs/indicators.md": indicatorsPage,
  "docs/transforms.md": transformsPage,
};

/** Every generated page as it should be, by its path. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(Object.entries(pages).map(async ([path, page]) => [path, await page()] as const)));
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  for (const [path, text] of await generatedPages()) {
    if (!check) writeFileSync(inRepository(path), text);
    else if (readFileSync(inRepository(path), "utf8") !== text) {
      console.error(`${path} is stale: run node scripts/docs.ts`);
      process.exitCode = 1;
    }
  }
}

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { QmtlError } from "@qmtl/core";

/** Name of the sample file in a project's `data/` folder. */
export const sampleDataName = "sp500-2000.csv";

/** Where the sample comes from; belongs into the NOTICE of whatever copies it. */
export const sampleDataNotice =
  "data/sp500-2000.csv: S&P 500 index, daily bars from 2000-01-03 to 2020. Copied from vega-datasets 3.2.1 " +
  "(https://github.com/vega/vega-datasets), a package under BSD-3-Clause, which names Yahoo Finance as the source.";

/**
 * Path of real daily bars (date, open, high, low, close, adjclose, volume): beside the built program, or in the
 * `vega-datasets` package of a checkout.
 *
 * @throws QmtlError `FILE_NOT_FOUND` when neither is there
 */
export function sampleDataPath(): string {
  const places = [...besideProgram(dirname(fileURLToPath(import.meta.url))), ...inPackage()];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new QmtlError("FILE_NOT_FOUND", `the sample data ${sampleDataName} is not installed`, {
    details: { looked: places },
    hint: "install qmtl again, or run npm install in the checkout",
  });
}

/** The sample file's text. */
export function sampleDataText(): string {
  return readFileSync(sampleDataPath(), "utf8");
}

// The bundle is `dist/<file>.js` or one folder deeper; the data lie in `dist/sample-data`.
function besideProgram(folder: string): string[] {
  return [folder, dirname(folder)].map((place) => join(place, "sample-data", sampleDataName));
}

function inPackage(): string[] {
  // The package exports only its entry point, so its folder is looked up along the search path.
  const paths = createRequire(import.meta.url).resolve.paths("vega-datasets") ?? [];
  return paths.map((path) => join(path, "vega-datasets", "data", sampleDataName));
}

import type { Metafile } from "esbuild";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inRepository, readManifest } from "./repository.ts";

/** Licences that let us pass the code on inside the package, as long as their text comes along. */
const permissive = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/**
 * The licence texts of everything that was bundled.
 *
 * @throws Error when a bundled package has a licence that is not known to be permissive
 */
export async function thirdPartyNotices(metafile: Metafile): Promise<string> {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = new Set(used.flatMap((file) => packageFolder(file) ?? []));
  const notices = await Promise.all([...folders].toSorted().map(noticeOf));
  return [`This package contains code of ${folders.size} other packages.`, ...notices].join(`\n${"-".repeat(80)}\n\n`);
}

/** `node_modules/@scope/name/lib/x.js` → `node_modules/@scope/name`, nested installations included. */
function packageFolder(file: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

/** `MIT`, `(Apache-2.0 AND BSD-3-Clause)`, `MIT OR GPL-3.0`: all of what is joined by AND, any of what is joined by OR. */
function isPermissive(license: string): boolean {
  const words = license.replace(/^\((.*)\)$/, "$1");
  if (words.includes(" AND ")) return words.split(" AND ").every(isPermissive);
  if (words.includes(" OR ")) return words.split(" OR ").some(isPermissive);
  return permissive.has(words);
}

async function noticeOf(path: string): Promise<string> {
  const folder = inRepository(path);
  const { name, version, license } = readManifest(folder);
  if (license === undefined || !isPermissive(license)) {
    throw new Error(`${name}@${version} is bundled, and its licence "${license}" is not known to be permissive`);
  }
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return [`${name} ${version} (${license})\n`, ...texts.map((text) => text.trim())].join("\n") + "\n";
}

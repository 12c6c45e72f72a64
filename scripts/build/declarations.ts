import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative, sep } from "node:path";
import { inRepository, root } from "./repository.ts";

/**
 * Writes the declarations of the entry points to `dist/types/`, and every declaration they reach. The
 * compiler leaves `@qmtl/core` and `./x.ts` as they stand in the sources; here both become relative paths
 * to files that are in the package.
 *
 * @returns how many files were written
 */
export async function writeDeclarations(entries: Readonly<Record<string, string>>): Promise<number> {
  compile();
  const waiting = Object.values(entries).map((source) => declarationOf(inRepository(source)));
  const written = new Set<string>();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (written.has(file)) continue;
    written.add(file);
    const { text, reached } = rewrite(await readFile(file, "utf8"), file);
    const target = join(inRepository("dist", "types"), relative(emitted, file));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
    waiting.push(...reached);
  }
  await Promise.all(Object.entries(entries).map(([name, source]) => writeEntry(name, source)));
  return written.size;
}

const emitted = inRepository(".tsbuild", "packages");

function compile(): void {
  const compiler = inRepository("node_modules", "ts7", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-b", "packages/sdk"], { cwd: root, stdio: "inherit" });
  if (status === 0) return;
  console.error("the declarations need sources that compile: see the lines above");
  process.exit(1);
}

/** `packages/sdk/src/history/index.ts` → `.tsbuild/packages/sdk/history/index.d.ts`. */
function declarationOf(source: string): string {
  const [, name = "", rest = ""] = /packages\/([^/]+)\/src\/(.+)\.ts$/.exec(source.split(sep).join("/")) ?? [];
  return join(emitted, name, `${rest}.d.ts`);
}

const specifierPattern = /((?:from|import)\s*\(?\s*)(["'])([^"']+)\2/g;

function rewrite(source: string, file: string): { text: string; reached: string[] } {
  const reached: string[] = [];
  const text = source.replace(specifierPattern, (match, before: string, quote: string, specifier: string) => {
    const target = targetOf(specifier, file);
    if (target === undefined) return match;
    reached.push(target);
    return `${before}${quote}${relativeSpecifier(dirname(file), target)}${quote}`;
  });
  return { text, reached };
}

function targetOf(specifier: string, file: string): string | undefined {
  if (specifier.startsWith(".")) return join(dirname(file), specifier.replace(/\.ts$/, ".d.ts"));
  const [, name, subpath] = /^@qmtl\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const target = join(emitted, name, subpath ?? "", "index.d.ts");
  if (!existsSync(target)) throw new Error(`${relative(root, file)} names "${specifier}", which has no declarations`);
  return target;
}

function relativeSpecifier(folder: string, target: string): string {
  const path = relative(folder, target)
    .split(sep)
    .join("/")
    .replace(/\.d\.ts$/, ".js");
  return path.startsWith(".") ? path : `./${path}`;
}

/** `dist/history.d.ts` beside `dist/history.js`: what a tool expects without reading `exports`. */
async function writeEntry(name: string, source: string): Promise<void> {
  const target = join(inRepository("dist", "types"), relative(emitted, declarationOf(inRepository(source))));
  const specifier = relativeSpecifier(inRepository("dist"), target);
  await writeFile(
    inRepository("dist", `${name}.d.ts`),
    `export * from "${posix.normalize(specifier).replace(/^types/, "./types")}";\n`,
  );
}

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import ts from "typescript";
import { inRepository, root } from "./repository.ts";

/**
 * Writes the declarations of the entry points to `dist/types/`, and every declaration they reach. The
 * compiler leaves `@qmtl/core` and `./x.ts` as they stand in the sources; here both become relative paths to
 * files that are in the package. So do the types of packages that are bundled: nobody installs those.
 *
 * @returns how many files were written
 */
export async function writeDeclarations(entries: Readonly<Record<string, string>>): Promise<number> {
  compile();
  const waiting = Object.values(entries).map(declarationOf);
  const written = new Set<string>();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (written.has(file)) continue;
    written.add(file);
    const { text, reached } = rewrite(await readFile(file, "utf8"), file);
    await mkdir(dirname(placeOf(file)), { recursive: true });
    await writeFile(placeOf(file), text);
    waiting.push(...reached);
  }
  for (const [name, source] of Object.entries(entries)) {
    const specifier = relativeSpecifier(inRepository("dist"), placeOf(declarationOf(source)));
    await writeFile(inRepository("dist", `${name}.d.ts`), `export * from "${specifier}";\n`);
  }
  return written.size;
}

const emitted = inRepository(".tsbuild", "packages");
const types = inRepository("dist", "types");
const modules = inRepository("node_modules");

function compile(): void {
  const compiler = inRepository("node_modules", "ts7", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-b", "packages/sdk"], { cwd: root, stdio: "inherit" });
  if (status === 0) return;
  console.error("the declarations need sources that compile: see the lines above");
  process.exit(1);
}

/** `packages/sdk/src/history/index.ts` → `.tsbuild/packages/sdk/history/index.d.ts`. */
function declarationOf(source: string): string {
  const [, name = "", rest = ""] = /^packages\/([^/]+)\/src\/(.+)\.ts$/.exec(source) ?? [];
  return join(emitted, name, `${rest}.d.ts`);
}

/** Where a declaration goes in the package. */
function placeOf(file: string): string {
  if (file.startsWith(emitted + sep)) return join(types, relative(emitted, file));
  return join(types, "vendor", relative(modules, file));
}

function rewrite(source: string, file: string): { text: string; reached: string[] } {
  const imports = ts.preProcessFile(source, true, false).importedFiles.filter(({ fileName }) => !isBuiltin(fileName));
  const reached: string[] = [];
  // From the end, so that the offsets of what is still to be replaced stay right.
  const text = imports.toReversed().reduce((before, { fileName, pos }) => {
    const target = targetOf(fileName, file);
    reached.push(target);
    const start = before.indexOf(fileName, pos);
    const specifier = relativeSpecifier(dirname(placeOf(file)), placeOf(target));
    return before.slice(0, start) + specifier + before.slice(start + fileName.length);
  }, source);
  return { text: withLibraries(text), reached };
}

function targetOf(specifier: string, file: string): string {
  const [, name, subpath = ""] = /^@qmtl\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  const target = specifier.endsWith(".ts")
    ? join(dirname(file), specifier.replace(/\.ts$/, ".d.ts"))
    : name === undefined
      ? installedTypes(specifier, file)
      : join(emitted, name, subpath, "index.d.ts");
  if (target !== undefined && existsSync(target)) return target;
  throw new Error(`${relative(root, file)} names "${specifier}", which has no declarations`);
}

function installedTypes(specifier: string, file: string): string | undefined {
  // A declaration of ours is looked up from its source: beside the build output there are no packages.
  const [, name, rest] = /\/\.tsbuild\/packages\/([^/]+)\/(.+)$/.exec(file.split(sep).join("/")) ?? [];
  const from = name === undefined ? file : inRepository("packages", name, "src", rest ?? "");
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const mode = ts.ModuleKind.ESNext;
  return ts.resolveModuleName(specifier, from, options, ts.sys, undefined, undefined, mode).resolvedModule
    ?.resolvedFileName;
}

function relativeSpecifier(folder: string, target: string): string {
  const path = relative(folder, target)
    .split(sep)
    .join("/")
    .replace(/\.d\.([cm]?)ts$/, ".$1js");
  return path.startsWith(".") ? path : `./${path}`;
}

/** A program that targets ES2024 does not know disposal yet; the declaration brings it along. */
function withLibraries(text: string): string {
  const disposes = /\bSymbol\.(asyncDispose|dispose)\b|\bAsyncDisposable\b/.test(text);
  return disposes ? `/// <reference lib="esnext.disposable" />\n${text}` : text;
}

import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { nearestWord, QmtlError } from "@qmtl/core";
import { Strategy, type StrategyClass } from "../strategy/strategy.ts";

/**
 * Imports a strategy file and picks the class: the one that is named, or the only one it exports.
 *
 * @throws QmtlError `FILE_NOT_FOUND`, `STRATEGY_LOAD_FAILED` (syntax error, failing import), `STRATEGY_NOT_FOUND`
 */
export async function loadStrategyClass(file: string, className?: string): Promise<StrategyClass> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new QmtlError("FILE_NOT_FOUND", `there is no strategy file ${file}`, { details: { file: path } });
  }
  const classes = strategiesOf(await importFile(path, file));
  const names = [...classes.keys()];
  if (className !== undefined) {
    const found = classes.get(className);
    if (found) return found;
    const guess = nearestWord(className, names);
    throw new QmtlError(
      "STRATEGY_NOT_FOUND",
      `${file} exports no strategy "${className}"; it exports ${names.join(", ") || "none"}`,
      {
        hint: guess === undefined ? "export class MyStrategy extends Strategy { … }" : `did you mean ${file}:${guess}?`,
      },
    );
  }
  const [only, ...others] = new Set(classes.values());
  if (only === undefined) {
    throw new QmtlError("STRATEGY_NOT_FOUND", `${file} exports no strategy`, {
      hint: "export a class that extends Strategy: export class MyStrategy extends Strategy { … }",
    });
  }
  if (others.length > 0) {
    throw new QmtlError("STRATEGY_NOT_FOUND", `${file} exports ${names.length} strategies: ${names.join(", ")}`, {
      hint: `name one: ${file}:${names[0]!}`,
    });
  }
  return only;
}

function strategiesOf(module: Readonly<Record<string, unknown>>): ReadonlyMap<string, StrategyClass> {
  const classes = new Map<string, StrategyClass>();
  for (const [name, value] of Object.entries(module)) {
    if (typeof value !== "function" || !(value.prototype instanceof Strategy)) continue;
    // An abstract base for others to extend has no graph of its own.
    if (typeof (value.prototype as Strategy).setup !== "function") continue;
    classes.set(name === "default" ? value.name : name, value as StrategyClass);
  }
  return classes;
}

async function importFile(path: string, shownPath: string): Promise<Readonly<Record<string, unknown>>> {
  resolveOwnName();
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    if (cause instanceof QmtlError) throw cause;
    const error = cause as Error & { code?: string };
    // An import that is not found says who imports it, and no frame of the stack is the author's.
    const where =
      error.code !== "ERR_MODULE_NOT_FOUND" &&
      /(?:^|[\s(])(?:file:\/\/)?((?:\/|[A-Z]:\\)[^\s():]*:\d+)/.exec(error.stack ?? "")?.[1];
    const hint =
      error.code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
        ? "strategy files use TypeScript that can be stripped: no enums, namespaces or parameter properties"
        : error.code === "ERR_MODULE_NOT_FOUND"
          ? error.message.startsWith("Cannot find package")
            ? "install what the file imports: npm install"
            : "correct the path of the import; it ends with the file's own ending, .ts"
          : "run the file by itself to see more: node " + shownPath;
    throw new QmtlError(
      "STRATEGY_LOAD_FAILED",
      `${shownPath} cannot be loaded: ${firstLine(error.message)}${where ? ` (${where})` : ""}`,
      {
        details: { file: path },
        hint,
        cause,
      },
    );
  }
}

function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? text
  );
}

let isRegistered = false;

/**
 * Makes `import "qmtl"` in strategy files mean this very SDK, wherever the file lies: a second copy would have its own
 * classes, and a file outside a project would find none.
 */
function resolveOwnName(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === "qmtl") return { url: ownEntry("index"), shortCircuit: true };
      if (specifier.startsWith("qmtl/")) return { url: ownEntry(specifier.slice(5)), shortCircuit: true };
      return nextResolve(specifier, context);
    },
  });
}

function ownEntry(name: string): string {
  const here = import.meta.url;
  if (here.endsWith(".ts")) return new URL(name === "index" ? "../index.ts" : `../${name}/index.ts`, here).href;
  return `${here.slice(0, here.lastIndexOf("/dist/") + 6)}${name}.js`;
}

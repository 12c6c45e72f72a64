import { parse, type AnyNode } from "acorn";
import { canonicalForm, type FreeReference } from "./canonical.ts";
import type { SourceLocation } from "./location.ts";
import { loadModule, parseModule, resolveLocal, type SourceModule } from "./module-source.ts";
import { isNamespace, isNameHelper, lineOf } from "./references.ts";
import type { FunctionSite } from "./scopes.ts";

export interface FoundFunction {
  readonly module: SourceModule;
  readonly site: FunctionSite;
}

/** The function, or the class, that is a module's whole text. */
export function onlySite(module: SourceModule): FunctionSite | undefined {
  const [site] = sitesOf(module, isClassText(module.code.replace(/^\(/, "")));
  return site;
}

export function isClassText(text: string): boolean {
  return /^class\b/.test(text);
}

function sitesOf(module: SourceModule, areClasses: boolean): readonly FunctionSite[] {
  return areClasses ? module.scopes.classes : module.scopes.functions;
}

/**
 * The place in the author's modules where a function or a class stands: first the file that built the node, then its
 * callers, then what these import. A match by text comes first; then one by shape, for functions that a
 * transpiler rewrote on the way (imports become members of a module object, names change).
 *
 * @param text - what `Function.prototype.toString` printed
 */
export function findFunction(
  text: string,
  name: string,
  location: SourceLocation | undefined,
): FoundFunction | undefined {
  if (location === undefined) return undefined;
  const starts = [location, ...(location.callers ?? [])];
  let textModule: SourceModule | undefined;
  const parseText = (): SourceModule | undefined => (textModule ??= parseFunctionText(text));
  let weak: FoundFunction | undefined;
  for (const module of reachable(starts.map((each) => each.file))) {
    const place = starts.find((each) => each.file === module.file);
    const found = bestCandidate(module, text, parseText, name, place);
    if (found?.isCertain) return { module, site: found.site };
    if (found) weak ??= { module, site: found.site };
  }
  return weak;
}

/** A function's or class's own text as a module of one expression; `undefined` when it does not parse (natives). */
export function parseFunctionText(text: string): SourceModule | undefined {
  // A function as an expression, a method, or a method that uses `super` or private names.
  for (const code of [`(${text})`, `({${text}})`, `(class extends Object{${text}})`]) {
    try {
      parse(code, { ecmaVersion: "latest", sourceType: "module" });
    } catch {
      continue;
    }
    return parseModule("", code);
  }
  return undefined;
}

const searchLimit = 500; // modules; a strategy imports tens

function* reachable(files: readonly string[]): Generator<SourceModule> {
  const queue = [...new Set(files)];
  const seen = new Set(queue);
  for (let index = 0; index < queue.length && index < searchLimit; index++) {
    const file = queue[index] as string;
    let module: SourceModule;
    try {
      module = loadModule(file);
    } catch {
      continue; // not a file of the author's, or not one that parses: nothing to find there
    }
    yield module;
    for (const specifier of module.imports) {
      const imported = resolveLocal(specifier, file);
      if (imported === undefined || seen.has(imported)) continue;
      seen.add(imported);
      queue.push(imported);
    }
  }
}

interface Candidate {
  readonly site: FunctionSite;
  readonly isCertain: boolean;
}

function bestCandidate(
  module: SourceModule,
  text: string,
  parseText: () => SourceModule | undefined,
  name: string,
  place: SourceLocation | undefined,
): Candidate | undefined {
  const written = sitesOf(module, isClassText(text));
  let sites = written.filter(
    (site) => site.end - site.start === text.length && module.code.startsWith(text, site.start),
  );
  let sameNames = true;
  const textModule = sites.length === 0 ? parseText() : undefined;
  if (textModule !== undefined) {
    const scored = written
      .map((site) => ({ site, score: shapeScore(textModule, module, site) }))
      .filter(({ score }) => score >= 0);
    const best = Math.max(...scored.map(({ score }) => score));
    sites = scored.filter(({ score }) => score === best).map(({ site }) => site);
    sameNames = best === 1;
  }
  if (sites.length === 0) return undefined;
  const enclosing = place ? sitesInCall(module, sites, place) : [];
  const pool =
    enclosing.length > 0
      ? enclosing
      : sites.some((site) => site.name === name)
        ? sites.filter((site) => site.name === name)
        : sites;
  const [first] = pool;
  if (first === undefined) return undefined;
  const site = place
    ? pool.reduce((best, each) => (distance(module, each, place) < distance(module, best, place) ? each : best))
    : first;
  return { site, isCertain: sameNames && (enclosing.length > 0 || site.name === name) };
}

/** The candidates written inside the innermost call at the place: `new ProcessingNode({ compute: (view) => … })`. */
function sitesInCall(module: SourceModule, sites: readonly FunctionSite[], place: SourceLocation): FunctionSite[] {
  const offset = offsetOf(module, place);
  let innermost: AnyNode | undefined;
  for (const call of module.scopes.calls) {
    if (call.start > offset || call.end <= offset) continue;
    if (innermost === undefined || call.end - call.start < innermost.end - innermost.start) innermost = call;
  }
  if (innermost === undefined) return [];
  const { start, end } = innermost;
  return sites.filter((site) => site.start >= start && site.end <= end);
}

function distance(module: SourceModule, site: FunctionSite, place: SourceLocation): number {
  return Math.abs(lineOf(module, site.start) - place.line);
}

function offsetOf(module: SourceModule, place: SourceLocation): number {
  let start = 0;
  for (let line = 1; line < place.line; line++) {
    const next = module.code.indexOf("\n", start);
    if (next < 0) break;
    start = next + 1;
  }
  return start + place.column - 1;
}

/** -1 when the two differ in more than names; else the share of free names that agree. */
function shapeScore(textModule: SourceModule, module: SourceModule, site: FunctionSite): number {
  const own = shapeOfText(textModule);
  const other = shapeOf(module, site);
  if (own.text !== other.text) return -1;
  let equal = 0;
  for (const [index, reference] of other.references.entries()) {
    const same = own.references[index]?.name === reference.name;
    if (reference.isGlobal && !same) return -1;
    if (same) equal++;
  }
  return other.references.length === 0 ? 1 : equal / other.references.length;
}

interface Shape {
  readonly text: string;
  readonly references: readonly { readonly name: string; readonly isGlobal: boolean }[];
}

const shapes = new WeakMap<FunctionSite, Shape>();

function shapeOfText(textModule: SourceModule): Shape {
  const site = onlySite(textModule);
  return site ? shapeOf(textModule, site) : { text: "", references: [] };
}

/** The canonical form with every free name replaced by its number. */
function shapeOf(module: SourceModule, site: FunctionSite): Shape {
  const known = shapes.get(site);
  if (known) return known;
  const references = new Map<string, { name: string; isGlobal: boolean }>();
  const refer = ({ name: written, binding, member }: FreeReference): string => {
    const name = runnerName(written);
    const isOwn =
      binding?.declaration === site.node ||
      (binding?.declaration.type === "VariableDeclarator" && binding.declaration.init === site.node);
    const source = binding && module.imported.get(binding);
    const isNamespaceMember = member !== undefined;
    const shown = isNamespaceMember ? member : (source?.name ?? name);
    const key = isNamespaceMember ? `${name}.${member}` : name;
    if (!references.has(key))
      references.set(key, { name: isOwn ? name : shown, isGlobal: binding === undefined && !isNamespaceMember });
    return `F${[...references.keys()].indexOf(key)}`;
  };
  const text = canonicalForm(site.node, module.scopes, {
    refer,
    hasReceiver: true,
    isNamespace: (identifier) => moduleObject.test(identifier.name) || isNamespace(module, identifier),
    isNameHelper: (callee) => isNameHelper(module, callee),
  });
  const shape = { text: `${site.isMethod ? "method " : ""}${text}`, references: [...references.values()] };
  shapes.set(site, shape);
  return shape;
}

// What test runners and compilers call the object of an imported module.
const moduleObject = /^__vi(?:te_ssr)?_import_\d+__$|^(?:import_\w+|\w+_\d+)$/;

/** Test runners give the parts of a module that no function can hold names of their own. */
function runnerName(name: string): string {
  if (/^__vi(?:te_ssr)?_import_meta__$/.test(name)) return "import.meta";
  return /^__vi(?:te_ssr)?_dynamic_import__$/.test(name) ? "import()" : name;
}

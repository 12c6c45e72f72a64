import {
  parse,
  type AnyNode,
  type ExportSpecifier,
  type Identifier,
  type ModuleDeclaration,
  type Program,
  type Statement,
} from "acorn";
import { readFileSync, statSync } from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { analyseScopes, type Binding, type ScopeTree } from "./scopes.ts";
import { isFunction, staticKey } from "./syntax.ts";

/** What an export name stands for. */
export type ExportTarget =
  | { readonly kind: "local"; readonly name: string }
  | { readonly kind: "expression"; readonly node: AnyNode }
  | { readonly kind: "from"; readonly specifier: string; readonly name: string }
  | { readonly kind: "namespace"; readonly specifier: string };

/** One of the author's files, parsed; `code` is what runs: types are blanked out, places stay. */
export interface SourceModule {
  readonly file: string;
  readonly code: string;
  readonly isTypeScript: boolean;
  readonly scopes: ScopeTree;
  readonly exports: ReadonlyMap<string, ExportTarget>;
  readonly exportsAllOf: readonly string[];
  /** Every module this one imports from, as written. */
  readonly imports: readonly string[];
  /** Variables that hold a whole module: by import, by `require`, or as a bundler spells it. */
  readonly namespaces: ReadonlyMap<Binding, NamespaceSource>;
  /** What a named or default import brings in. */
  readonly imported: ReadonlyMap<Binding, { readonly specifier: string; readonly name: string }>;
  readonly isCommonJs: boolean;
}

export type NamespaceSource =
  | { readonly kind: "import"; readonly specifier: string }
  | { readonly kind: "local"; readonly members: ReadonlyMap<string, AnyNode> };

/** The parsed file, from memory while its size and time of change stay the same. Throws what reading or parsing throws. */
export function loadModule(file: string): SourceModule {
  const { mtimeMs, size } = statSync(file);
  const known = modules.get(file);
  if (known?.mtimeMs === mtimeMs && known.size === size) return known.module;
  const module = parseModule(file, readFileSync(file, "utf8"));
  modules.set(file, { mtimeMs, size, module });
  return module;
}

const modules = new Map<string, { mtimeMs: number; size: number; module: SourceModule }>();

export function parseModule(file: string, text: string): SourceModule {
  const isTypeScript = /\.[cm]?ts$/.test(file);
  const isJson = file.endsWith(".json");
  const code = isTypeScript ? withoutTypes(text) : isJson ? `export default (${text.replace(/^\uFEFF/, "")});` : text;
  const program = parseProgram(code);
  const body = unwrapBundle(program);
  const scopes = analyseScopes(program, body, code);
  return { file, code, isTypeScript, scopes, ...collectLinks(body, scopes) };
}

function parseProgram(code: string): Program {
  try {
    return parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
  } catch (cause) {
    try {
      // CommonJS: sloppy mode, and `return` at top level.
      return parse(code, { ecmaVersion: "latest", sourceType: "commonjs", allowHashBang: true });
    } catch {
      throw cause;
    }
  }
}

/** The file a local import names, or `undefined` for packages and for files that are not there. */
export function resolveLocal(specifier: string, from: string): string | undefined {
  if (specifier.startsWith("#")) {
    try {
      const path = createRequire(from).resolve(specifier);
      return path.startsWith("/") || /^[A-Za-z]:/.test(path) ? path : undefined;
    } catch {
      return undefined;
    }
  }
  if (!isLocal(specifier)) return undefined;
  const path = specifier.startsWith("file:")
    ? fileURLToPath(specifier)
    : resolve(dirname(from), specifier.replace(/\?.*$/, ""));
  const typed = path.replace(/\.([cm]?)js$/, ".$1ts"); // a TypeScript author may import the name the compiler will write
  return [path, typed, ...sourceEndings.map((ending) => path + ending)].find(isFile);
}

const sourceEndings = [".ts", ".mts", ".js", ".mjs", ".cjs", "/index.ts", "/index.js"];

/** Whether an import names a file of the author's rather than a package. */
export function isLocal(specifier: string): boolean {
  return /^(?:\.{0,2}\/|\.{1,2}$|file:|#)/.test(specifier);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The very stripping Node runs files through, so that what is parsed is what runs. */
function withoutTypes(text: string): string {
  // It announces on stderr that it is experimental, once; the user's own run has nothing to do with that.
  // oxlint-disable-next-line typescript/unbound-method -- it is put back as it was
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text, { mode: "strip" });
  } finally {
    process.emitWarning = emitWarning;
  }
}

type TopLevel = Statement | ModuleDeclaration;

/** The statements of the module; a bundle in one immediately called function is the body of that function. */
function unwrapBundle(program: Program): readonly TopLevel[] {
  const body = program.body.filter((each) => each.type !== "ExpressionStatement" || each.directive === undefined);
  const [only] = body;
  if (body.length !== 1 || only?.type !== "ExpressionStatement" || only.expression.type !== "CallExpression")
    return body;
  const { callee, arguments: given } = only.expression;
  return given.length === 0 && isFunction(callee) && callee.body.type === "BlockStatement" ? callee.body.body : body;
}

type Links = Pick<SourceModule, "exports" | "exportsAllOf" | "imports" | "imported" | "namespaces" | "isCommonJs">;

function collectLinks(body: readonly TopLevel[], scopes: ScopeTree): Links {
  const exports = new Map<string, ExportTarget>();
  const exportsAllOf: string[] = [];
  const imports = new Set<string>();
  const imported = new Map<Binding, { specifier: string; name: string }>();
  const namespaces = new Map<Binding, NamespaceSource>();
  let isModule = false;
  for (const statement of body) {
    if (/^(Import|Export)/.test(statement.type)) isModule = true;
    switch (statement.type) {
      case "ImportDeclaration": {
        const specifier = String(statement.source.value);
        imports.add(specifier);
        for (const each of statement.specifiers) {
          const binding = scopes.bindingOf.get(each.local);
          if (binding === undefined) continue;
          if (each.type === "ImportNamespaceSpecifier") namespaces.set(binding, { kind: "import", specifier });
          else
            imported.set(binding, {
              specifier,
              name: each.type === "ImportSpecifier" ? exportName(each.imported) : "default",
            });
        }
        break;
      }
      case "ExportAllDeclaration": {
        const specifier = String(statement.source.value);
        imports.add(specifier);
        if (statement.exported) exports.set(exportName(statement.exported), { kind: "namespace", specifier });
        else exportsAllOf.push(specifier);
        break;
      }
      case "ExportDefaultDeclaration": {
        const { declaration } = statement;
        const name = "id" in declaration && declaration.type.endsWith("Declaration") ? declaration.id?.name : undefined;
        exports.set(
          "default",
          name === undefined ? { kind: "expression", node: declaration as AnyNode } : { kind: "local", name },
        );
        break;
      }
      case "ExportNamedDeclaration":
        if (statement.source) imports.add(String(statement.source.value));
        for (const each of statement.specifiers)
          exports.set(exportName(each.exported), specifierTarget(each, statement.source?.value));
        break;
      case "VariableDeclaration":
        for (const declarator of statement.declarations) {
          const specifier = requiredModule(declarator.init);
          const binding = declarator.id.type === "Identifier" ? scopes.bindingOf.get(declarator.id) : undefined;
          if (specifier === undefined || binding === undefined) continue;
          imports.add(specifier);
          namespaces.set(binding, { kind: "import", specifier });
        }
        break;
      case "ExpressionStatement":
        collectAssignedExport(statement.expression, exports);
        collectExportTable(statement.expression, scopes, namespaces);
        break;
    }
  }
  for (const [name, binding] of scopes.module.bindings) {
    if (exportedAtDeclaration(body, binding)) exports.set(name, { kind: "local", name });
  }
  return { exports, exportsAllOf, imports: [...imports], imported, namespaces, isCommonJs: !isModule };
}

function exportedAtDeclaration(body: readonly TopLevel[], binding: Binding): boolean {
  return body.some(
    (each) =>
      each.type === "ExportNamedDeclaration" &&
      each.declaration &&
      binding.identifier.start >= each.declaration.start &&
      binding.identifier.end <= each.declaration.end,
  );
}

function specifierTarget(specifier: ExportSpecifier, source: unknown): ExportTarget {
  const name = exportName(specifier.local);
  return typeof source === "string" ? { kind: "from", specifier: source, name } : { kind: "local", name };
}

function exportName(node: Identifier | (AnyNode & { type: "Literal" })): string {
  return node.type === "Identifier" ? node.name : String(node.value);
}

/** `require("x")`, also inside the helpers that transpilers wrap around it. */
function requiredModule(node: AnyNode | null | undefined): string | undefined {
  if (node?.type !== "CallExpression" || node.callee.type !== "Identifier") return undefined;
  const [first] = node.arguments;
  if (/^(__)?require\d*$/.test(node.callee.name)) {
    return node.arguments.length === 1 && first?.type === "Literal" && typeof first.value === "string"
      ? first.value
      : undefined;
  }
  return /^__(toESM|importStar|importDefault)\d*$/.test(node.callee.name) ? requiredModule(first) : undefined;
}

/** `exports.name = value`, as compilers write CommonJS. */
function collectAssignedExport(node: AnyNode, exports: Map<string, ExportTarget>): void {
  if (node.type !== "AssignmentExpression" || node.left.type !== "MemberExpression") return;
  const { object, property, computed } = node.left;
  const name = staticKey(property, computed);
  if (object.type !== "Identifier" || object.name !== "exports" || name === undefined) return;
  if (node.right.type === "AssignmentExpression" || node.right.type === "UnaryExpression") return; // `exports.a = exports.b = void 0`
  if (node.right.type === "Identifier") exports.set(name, { kind: "local", name: node.right.name });
  else exports.set(name, { kind: "expression", node: node.right });
}

/** `__export(module_exports, { name: () => value })`, as bundlers write a whole module that is used as a value. */
function collectExportTable(node: AnyNode, scopes: ScopeTree, namespaces: Map<Binding, NamespaceSource>): void {
  if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || node.arguments.length !== 2) return;
  const [target, table] = node.arguments;
  if (target?.type !== "Identifier" || table?.type !== "ObjectExpression") return;
  const binding = scopes.bindingOf.get(target);
  if (binding?.declaration.type !== "VariableDeclarator" || binding.declaration.init?.type !== "ObjectExpression")
    return;
  if (binding.declaration.init.properties.length > 0 || !isExportHelper(node.callee, scopes)) return;
  const members = new Map<string, AnyNode>();
  for (const property of table.properties) {
    if (property.type !== "Property" || property.value.type !== "ArrowFunctionExpression") return;
    const name = staticKey(property.key, property.computed);
    if (name === undefined || property.value.body.type === "BlockStatement") return;
    members.set(name, property.value.body);
  }
  namespaces.set(binding, { kind: "local", members });
}

/** `(target, all) => { for (var name in all) defineProperty(target, name, …) }`, whatever a minifier calls it. */
function isExportHelper(callee: Identifier, scopes: ScopeTree): boolean {
  const declaration = scopes.bindingOf.get(callee)?.declaration;
  const helper = declaration?.type === "VariableDeclarator" ? declaration.init : undefined;
  if (helper?.type !== "ArrowFunctionExpression" || helper.params.length !== 2) return false;
  return helper.body.type === "BlockStatement" && helper.body.body.some((each) => each.type === "ForInStatement");
}

import type { AnyNode, Identifier } from "acorn";
import { dirname, relative, sep } from "node:path";
import type { FreeReference } from "./canonical.ts";
import { isLocal, loadModule, resolveLocal, type SourceModule } from "./module-source.ts";
import { isSdkFile } from "./location.ts";
import { ownPackage, packageOf, type PackageImport } from "./packages.ts";
import type { Binding, Change } from "./scopes.ts";
import { isClass, isFunction } from "./syntax.ts";

/** A declaration in one of the author's modules: what a name stands for, wherever it was read. */
export interface Declaration {
  readonly kind: "declaration";
  readonly module: SourceModule;
  readonly role: "function" | "class" | "constant";
  readonly name: string;
  /** The function, the class, or the value of the constant; equal nodes are the same declaration. */
  readonly node: AnyNode;
  /** For `const { a } = value`: the whole declarator, of which `a` is taken. */
  readonly destructured:
    { readonly declarator: AnyNode & { type: "VariableDeclarator" }; readonly binding: Binding } | undefined;
}

export type Target =
  | Declaration
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "package"; readonly package: PackageImport; readonly name: string }
  | { readonly kind: "namespace"; readonly members: ReadonlyMap<string, () => Target> }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "missing"; readonly reason: string };

/** What a free name of a module stands for, across imports; `reached` is told of every module on the way. */
export function resolveReference(
  module: SourceModule,
  reference: FreeReference,
  reached: (module: SourceModule) => void,
): Target {
  const { name, binding, member } = reference;
  if (binding === undefined) {
    if (name === "exports" && member !== undefined) return resolveExport(module, member, reached);
    const reason = notGlobal[name];
    return reason === undefined ? { kind: "global", name } : { kind: "refused", reason };
  }
  if (binding.scope.kind !== "module") return { kind: "refused", reason: enclosing(binding, module) };
  const namespace = module.namespaces.get(binding);
  if (namespace !== undefined) {
    if (namespace.kind === "import") {
      return member === undefined
        ? wholeModule(module, namespace.specifier, reached)
        : resolveImport(module, namespace.specifier, member, reached);
    }
    const members = new Map<string, () => Target>();
    for (const [key, node] of namespace.members) members.set(key, () => valueOf(module, key, node, reached));
    return member === undefined
      ? { kind: "namespace", members }
      : (members.get(member)?.() ?? { kind: "missing", reason: `"${name}" has no export "${member}"` });
  }
  return resolveBinding(module, binding, reached);
}

export function isNamespace(module: SourceModule, identifier: Identifier): boolean {
  const binding = module.scopes.bindingOf.get(identifier);
  return binding === undefined ? module.isCommonJs && identifier.name === "exports" : module.namespaces.has(binding);
}

/** Whether a call target only sets a function's `name`, as transpilers write it to keep names through renaming. */
export function isNameHelper(module: SourceModule, callee: AnyNode): boolean {
  if (callee.type !== "Identifier") return false;
  const declaration = module.scopes.bindingOf.get(callee)?.declaration;
  if (declaration === undefined) return callee.name === "__name";
  const helper = declaration.type === "VariableDeclarator" ? declaration.init : undefined;
  if (helper?.type !== "ArrowFunctionExpression" || helper.params.length !== 2 || helper.body.type !== "CallExpression")
    return false;
  const [, property, descriptor] = helper.body.arguments;
  return property?.type === "Literal" && property.value === "name" && descriptor?.type === "ObjectExpression";
}

/** The place of an offset in a module, counted from 1. */
export function lineOf(module: SourceModule, offset: number): number {
  let line = 1;
  for (let at = module.code.indexOf("\n"); at >= 0 && at < offset; at = module.code.indexOf("\n", at + 1)) line++;
  return line;
}

/** A file as messages show it: below the working folder by its relative path, else in full. */
export function shownFile(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith("..") || path === "" ? file : path.split(sep).join("/");
}

// Names that look global but depend on where the function stands.
const notGlobal: Readonly<Record<string, string>> = Object.assign(Object.create(null) as Record<string, string>, {
  this: "the receiver of an enclosing scope (a compute function is called without one)",
  super: "the parent class of an enclosing scope",
  arguments: "the arguments of an enclosing function",
  "new.target": "the construction of an enclosing scope",
  "import.meta": "where and how the module was loaded",
  "import()": "code that is chosen at run time",
  eval: "code that is made at run time",
  require: "code that is chosen at run time",
  module: "the state of the module loader",
  exports: "the state of the module loader",
});

function enclosing(binding: Binding, module: SourceModule): string {
  const site = module.scopes.functions.findLast(
    (each) => each.start <= binding.identifier.start && binding.identifier.end <= each.end,
  );
  if (site === undefined) return "a local of an enclosing block";
  const kind = binding.kind === "parameter" ? "a parameter" : "a local";
  const owner = site.isMethod ? "method" : "function";
  return `${kind} of the enclosing ${owner}${site.name === "" ? "" : ` "${site.name}"`}`;
}

function resolveBinding(module: SourceModule, binding: Binding, reached: (module: SourceModule) => void): Target {
  const { kind, declaration } = binding;
  if (kind === "import") {
    const source = module.imported.get(binding);
    if (source === undefined) return { kind: "missing", reason: `the import "${binding.name}" leads nowhere` };
    const target = resolveImport(module, source.specifier, source.name, reached);
    if (target.kind !== "declaration") return target;
    return changed(binding.mutated, target, module) ?? target;
  }
  if (binding.assigned) return changedVariable(binding, binding.assigned, module);
  let target: Declaration;
  if (kind === "function" || kind === "class") {
    target = {
      kind: "declaration",
      module,
      role: kind,
      name: binding.name,
      node: declaration,
      destructured: undefined,
    };
  } else {
    if (declaration.type !== "VariableDeclarator") return { kind: "refused", reason: "not a constant" };
    // Bundlers write every module-level `const` as a `var`; authors of TypeScript do not.
    const isConstant = kind === "const" || (kind === "var" && !module.isTypeScript);
    if (!isConstant) return { kind: "refused", reason: `a module-level "${kind}", which can change` };
    if (!declaration.init) return { kind: "refused", reason: "a variable without a value" };
    target =
      declaration.id.type === "Identifier"
        ? valueDeclaration(module, binding.name, declaration.init)
        : {
            kind: "declaration",
            module,
            role: "constant",
            name: binding.name,
            node: binding.identifier,
            destructured: { declarator: declaration, binding },
          };
  }
  return changed(binding.mutated, target, module) ?? target;
}

function valueDeclaration(module: SourceModule, name: string, initialiser: AnyNode): Declaration {
  let node = initialiser;
  while (node.type === "CallExpression" && node.arguments[0] && isNameHelper(module, node.callee))
    node = node.arguments[0];
  const role = isFunction(node) ? "function" : isClass(node) ? "class" : "constant";
  return { kind: "declaration", module, role, name, node, destructured: undefined };
}

function changed(change: Change | undefined, target: Declaration, module: SourceModule): Target | undefined {
  if (change === undefined) return undefined;
  // Objects literals, functions and classes have no mutating methods but those their author wrote.
  if (change.onlyContainer && (target.role !== "constant" || target.node.type === "ObjectExpression")) return undefined;
  return {
    kind: "refused",
    reason: `an object that is changed by ${change.how} at ${shownFile(module.file)}:${lineOf(module, change.offset)}`,
  };
}

function changedVariable(binding: Binding, change: Change, module: SourceModule): Target {
  const kind =
    binding.kind === "function" || binding.kind === "class" ? binding.kind : `module-level "${binding.kind}"`;
  return {
    kind: "refused",
    reason: `a ${kind} that is assigned by ${change.how} at ${shownFile(module.file)}:${lineOf(module, change.offset)}`,
  };
}

/** What an expression that stands for an export is: the declaration it names, or a constant of its own. */
function valueOf(module: SourceModule, name: string, node: AnyNode, reached: (module: SourceModule) => void): Target {
  if (node.type === "Identifier") {
    const binding = module.scopes.bindingOf.get(node);
    return resolveReference(module, { name: node.name, binding, member: undefined, node }, reached);
  }
  return valueDeclaration(module, name, node);
}

function resolveImport(
  module: SourceModule,
  specifier: string,
  name: string,
  reached: (module: SourceModule) => void,
): Target {
  if (isOwn(module, specifier)) return { kind: "package", package: ownPackage(), name };
  if (!isLocal(specifier)) {
    const found = packageOf(specifier, module.file);
    return found
      ? { kind: "package", package: found, name }
      : { kind: "missing", reason: `the package "${specifier}" is not installed for ${shownFile(module.file)}` };
  }
  const imported = importedModule(module, specifier, reached);
  return "kind" in imported ? imported : resolveExport(imported, name, reached);
}

// The product's version stands for its code, also where it is imported by a path.
function isOwn(module: SourceModule, specifier: string): boolean {
  const file = resolveLocal(specifier, module.file);
  return file !== undefined && isSdkFile(file);
}

function importedModule(
  module: SourceModule,
  specifier: string,
  reached: (module: SourceModule) => void,
): SourceModule | { kind: "missing"; reason: string } {
  const file = resolveLocal(specifier, module.file);
  if (file === undefined) {
    return { kind: "missing", reason: `the module "${specifier}" of ${shownFile(module.file)} is not there` };
  }
  try {
    const imported = loadModule(file);
    reached(imported);
    return imported;
  } catch (cause) {
    return {
      kind: "missing",
      reason: `the module ${shownFile(file)} cannot be read: ${(cause as Error).message.split("\n")[0]}`,
    };
  }
}

function resolveExport(
  module: SourceModule,
  name: string,
  reached: (module: SourceModule) => void,
  seen = new Set<SourceModule>(),
): Target {
  const target = module.exports.get(name);
  if (target !== undefined) {
    switch (target.kind) {
      case "from":
        return resolveImport(module, target.specifier, target.name, reached);
      case "namespace":
        return wholeModule(module, target.specifier, reached);
      case "expression":
        return valueDeclaration(module, name, target.node);
      case "local": {
        const binding = module.scopes.module.bindings.get(target.name);
        const node = binding?.identifier;
        if (node) return resolveReference(module, { name: target.name, binding, member: undefined, node }, reached);
      }
    }
  }
  seen.add(module);
  for (const specifier of name === "default" ? [] : module.exportsAllOf) {
    if (!isLocal(specifier)) {
      // What a package exports is not read here: the name can only be one of its own.
      const found = packageOf(specifier, module.file);
      if (found) return { kind: "package", package: found, name };
      continue;
    }
    const imported = importedModule(module, specifier, reached);
    if ("kind" in imported || seen.has(imported)) continue;
    const found = resolveExport(imported, name, reached, seen);
    if (found.kind !== "missing") return found;
  }
  return { kind: "missing", reason: `${shownFile(module.file)} has no export "${name}"` };
}

function wholeModule(module: SourceModule, specifier: string, reached: (module: SourceModule) => void): Target {
  if (!isLocal(specifier) || isOwn(module, specifier)) return resolveImport(module, specifier, "*", reached);
  const imported = importedModule(module, specifier, reached);
  if ("kind" in imported) return imported;
  const members = new Map<string, () => Target>();
  for (const name of exportNames(imported, reached)) members.set(name, () => resolveExport(imported, name, reached));
  return { kind: "namespace", members };
}

function exportNames(
  module: SourceModule,
  reached: (module: SourceModule) => void,
  seen = new Set<SourceModule>(),
): Set<string> {
  const names = new Set(module.exports.keys());
  seen.add(module);
  for (const specifier of module.exportsAllOf) {
    const imported = isLocal(specifier) ? importedModule(module, specifier, reached) : undefined;
    if (imported === undefined || "kind" in imported || seen.has(imported)) continue;
    for (const name of exportNames(imported, reached, seen)) if (name !== "default") names.add(name);
  }
  return names;
}

/** A file's path as seen from the folder of another, with forward slashes: the same on every machine. */
export function portablePath(file: string, from: string): string {
  return relative(dirname(from), file).split(sep).join("/");
}

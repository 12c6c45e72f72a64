import type { AnyNode } from "acorn";
import { chainOf, changedBy, changesItself } from "./changes.ts";
import type { SourceModule } from "./module-source.ts";
import { isNamespace, isNameHelper, resolveReference, type Declaration, type Target } from "./references.ts";
import { childrenOf, isFunction, isWithin, staticKey, type FunctionNode } from "./syntax.ts";

/**
 * Why a constant (or what a class sets up when it is defined) may differ from run to run although its text is
 * the same; `undefined` when it cannot. What runs while the module loads may only use the author's own code and
 * the deterministic part of the language; the bodies of functions that are merely defined do not run yet.
 */
export function whyNotConstant(declaration: Declaration, reached: (module: SourceModule) => void): string | undefined {
  if (declaration.role === "function") return undefined;
  const node = declaration.destructured?.declarator ?? declaration.node;
  if (changesItself(node)) return "keeps state of its own (a method changes `this`)";
  return new InitialiserCheck(reached).check(declaration.module, node);
}

const deterministicGlobals = new Set(
  (
    "undefined NaN Infinity Math Number String Boolean BigInt Symbol Object Array JSON RegExp Map Set WeakMap WeakSet " +
    "Error TypeError RangeError EvalError SyntaxError ReferenceError URIError AggregateError ArrayBuffer DataView Float16Array " +
    "Float32Array Float64Array Int8Array Int16Array Int32Array Uint8Array Uint8ClampedArray Uint16Array Uint32Array " +
    "BigInt64Array BigUint64Array Iterator Reflect Proxy Date isNaN isFinite parseInt parseFloat structuredClone " +
    "encodeURIComponent decodeURIComponent encodeURI decodeURI"
  ).split(" "),
);

/** Whether a name means the same in every run of the language, whatever module or program it stands in. */
export function isStandardGlobal(name: string): boolean {
  return deterministicGlobals.has(name) || ambientGlobals.has(name);
}

const ambientGlobals = new Set(
  "globalThis console Function Promise Intl performance setTimeout clearTimeout".split(" "),
);

class InitialiserCheck {
  readonly #reached: (module: SourceModule) => void;
  readonly #visited = new Set<AnyNode>();

  constructor(reached: (module: SourceModule) => void) {
    this.#reached = reached;
  }

  check(module: SourceModule, node: AnyNode): string | undefined {
    return this.#walk(module, node, undefined, runsCode(node, module), []);
  }

  /** @param deep - whether functions that are defined here are also called, so that their bodies count */
  #walk(
    module: SourceModule,
    node: AnyNode,
    parent: AnyNode | undefined,
    deep: boolean,
    functions: readonly FunctionNode[],
  ): string | undefined {
    const target = deep ? changedBy(node) : undefined;
    const state = target && this.#stateful(module, target, functions);
    if (state !== undefined) return state;
    switch (node.type) {
      case "AwaitExpression":
        return "waits for something at run time (`await`)";
      case "ImportExpression":
        return "loads code at run time";
      case "MetaProperty":
        return node.meta.name === "import" ? "depends on where the module was loaded from (`import.meta`)" : undefined;
      case "Identifier":
        return this.#identifier(module, node, parent, deep);
      case "CallExpression":
      case "NewExpression": {
        const reason = this.#call(module, node);
        if (reason !== undefined) return reason;
        break;
      }
      case "MemberExpression": {
        const key = node.property.type === "PrivateIdentifier" ? undefined : staticKey(node.property, node.computed);
        if (node.object.type === "Identifier" && key !== undefined && isNamespace(module, node.object)) {
          const binding = module.scopes.bindingOf.get(node.object);
          return this.#target(
            resolveReference(module, { name: node.object.name, binding, member: key, node }, this.#reached),
            deep,
          );
        }
        if (key !== undefined && isLocaleMethod(key))
          return `depends on the machine's locale or time zone (\`${key}\`)`;
        return (
          this.#walk(module, node.object as AnyNode, node, deep, functions) ??
          (node.computed ? this.#walk(module, node.property, node, deep, functions) : undefined)
        );
      }
      case "Property":
        return (
          (node.computed ? this.#walk(module, node.key, node, deep, functions) : undefined) ??
          this.#walk(module, node.value, node, deep, functions)
        );
      case "MethodDefinition":
        if (!deep && !node.computed) return undefined;
        return (
          (node.computed ? this.#walk(module, node.key, node, deep, functions) : undefined) ??
          this.#walk(module, node.value, node, deep, functions)
        );
      case "PropertyDefinition":
        if (!node.value || !(node.static || deep)) return undefined;
        return this.#walk(module, node.value, node, deep, functions);
    }
    if (isFunction(node)) {
      if (!deep) return undefined;
      functions = [...functions, node];
    }
    for (const child of childrenOf(node)) {
      const reason = child ? this.#walk(module, child, node, deep, functions) : undefined;
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  #identifier(
    module: SourceModule,
    node: AnyNode & { type: "Identifier" },
    parent: AnyNode | undefined,
    deep: boolean,
  ): string | undefined {
    const binding = module.scopes.bindingOf.get(node);
    if (binding !== undefined && binding.scope.kind !== "module") return undefined;
    if (binding === undefined) return impureGlobal(node.name, parent, node);
    return this.#target(
      resolveReference(module, { name: node.name, binding, member: undefined, node }, this.#reached),
      deep,
    );
  }

  /** Constants that are read are judged where they are declared; functions and classes that may be called, here. */
  #target(target: Target, deep: boolean): string | undefined {
    if (target.kind === "global") return impureGlobal(target.name, undefined, undefined);
    if (target.kind !== "declaration" || !deep || target.role === "constant" || this.#visited.has(target.node))
      return undefined;
    this.#visited.add(target.node);
    return this.#walk(target.module, target.node, undefined, true, []);
  }

  #call(module: SourceModule, node: AnyNode & { type: "CallExpression" | "NewExpression" }): string | undefined {
    if (isNameHelper(module, node.callee)) return undefined;
    let callee: AnyNode = node.callee;
    while (callee.type === "MemberExpression" || callee.type === "ChainExpression") {
      callee = callee.type === "MemberExpression" ? (callee.object as AnyNode) : callee.expression;
    }
    if (callee.type === "SequenceExpression") callee = callee.expressions.at(-1) ?? callee;
    if (callee.type === "MemberExpression") callee = callee.object as AnyNode;
    if (callee.type !== "Identifier") return undefined;
    const binding = module.scopes.bindingOf.get(callee);
    if (binding === undefined || binding.scope.kind !== "module") return undefined;
    const source = module.imported.get(binding) ?? module.namespaces.get(binding);
    const member = isNamespace(module, callee) ? memberOf(node.callee) : undefined;
    const target =
      source === undefined
        ? undefined
        : resolveReference(module, { name: callee.name, binding, member, node: callee }, this.#reached);
    return target?.kind === "package" ? `calls "${target.package.name}" when the module loads` : undefined;
  }

  /** Code that runs while loading and keeps a variable or object to write to later has state that no text shows. */
  #stateful(module: SourceModule, target: AnyNode, functions: readonly FunctionNode[]): string | undefined {
    const inner = functions.at(-1);
    if (inner === undefined) return undefined;
    const root = chainOf(target)?.root;
    if (root?.type === "Identifier") {
      const binding = module.scopes.bindingOf.get(root);
      if (binding === undefined || binding.scope.kind === "module" || isWithin(binding.scope.node, inner))
        return undefined;
      return `keeps state of its own (a nested function changes \`${root.name}\`)`;
    }
    const isState = root?.type === "ThisExpression" && !isConstructor(module, inner);
    return isState ? "keeps state of its own (a method changes `this`)" : undefined;
  }
}

function memberOf(callee: AnyNode): string | undefined {
  if (callee.type === "SequenceExpression")
    return memberOf(callee.expressions.at(-1) ?? (callee.expressions[0] as AnyNode));
  if (callee.type !== "MemberExpression") return undefined;
  if (callee.object.type === "Identifier") return staticKey(callee.property, callee.computed);
  return memberOf(callee.object as AnyNode);
}

/** Whether evaluating a node calls anything, so that function bodies in it and behind it may run. */
function runsCode(node: AnyNode, module: SourceModule): boolean {
  if (isFunction(node)) return false;
  if (node.type === "CallExpression" && isNameHelper(module, node.callee)) return false;
  if (node.type === "CallExpression" || node.type === "NewExpression" || node.type === "TaggedTemplateExpression")
    return true;
  if (node.type === "PropertyDefinition" && !node.static) return node.computed && runsCode(node.key, module);
  if (node.type === "Property" && node.kind === "init" && !node.method)
    return runsCode(node.value, module) || (node.computed && runsCode(node.key, module));
  return childrenOf(node).some((child) => child !== null && runsCode(child, module));
}

function isConstructor(module: SourceModule, node: FunctionNode): boolean {
  return module.scopes.functions.some((site) => site.node === node && site.isMethod && site.name === "constructor");
}

function isLocaleMethod(name: string): boolean {
  return name.startsWith("toLocale") || name === "localeCompare" || name === "getTimezoneOffset";
}

function impureGlobal(name: string, parent: AnyNode | undefined, node: AnyNode | undefined): string | undefined {
  if (name === "arguments" || name === "__name") return undefined;
  const member =
    parent?.type === "MemberExpression" && parent.object === node
      ? staticKey(parent.property, parent.computed)
      : undefined;
  if (name === "Math" && (member === "random" || (member === undefined && parent?.type === "MemberExpression")))
    return "draws random numbers (`Math.random`)";
  if (name === "Date")
    return deterministicDate(parent, member) ? undefined : "depends on the clock or time zone (`Date`)";
  return deterministicGlobals.has(name)
    ? undefined
    : `depends on the environment (\`${name}${member === undefined ? "" : `.${member}`}\`)`;
}

/** `Date.UTC(…)`, and `new Date(x)` of a number or of a text that names its zone. */
function deterministicDate(parent: AnyNode | undefined, member: string | undefined): boolean {
  if (member === "UTC") return true;
  if (parent?.type !== "NewExpression" || parent.arguments.length !== 1) return false;
  const [value] = parent.arguments;
  if (value?.type === "CallExpression") return true; // judged on its own
  if (value?.type !== "Literal") return false;
  return typeof value.value === "number" || /^\d{4}-\d{2}-\d{2}$|(?:Z|[+-]\d{2}:\d{2})$/.test(String(value.value));
}

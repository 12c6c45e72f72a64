import type { AnyNode, CallExpression, Identifier, NewExpression, Pattern, Statement, ModuleDeclaration } from "acorn";
import { chainOf, objectChangedByCall } from "./changes.ts";
import { childrenOf, isFunction, staticKey, type ClassNode, type FunctionNode } from "./syntax.ts";

export type BindingKind =
  "var" | "let" | "const" | "using" | "function" | "class" | "import" | "parameter" | "catch" | "ownName"; // the name of a function or class expression inside itself

/** A change to what a variable holds: the variable itself, or (by member assignment or a mutating method) the object in it. */
export interface Change {
  readonly offset: number;
  readonly how: string;
  /** A call such as `x.add(1)` right on the variable: a change when it holds a container, harmless when an author's object has that method. */
  readonly onlyContainer: boolean;
}

export interface Binding {
  readonly name: string;
  readonly kind: BindingKind;
  readonly scope: Scope;
  /** The function, class, declarator or import specifier that introduces the name; for parameters the owning function. */
  readonly declaration: AnyNode;
  readonly identifier: Identifier;
  assigned: Change | undefined;
  mutated: Change | undefined;
}

export interface Scope {
  readonly parent: Scope | undefined;
  readonly kind: "module" | "function" | "block";
  readonly node: AnyNode;
  readonly bindings: Map<string, Binding>;
}

/** A function or a class in a module's text, as `Function.prototype.toString` would print it. */
export interface FunctionSite {
  readonly node: FunctionNode | ClassNode;
  readonly isMethod: boolean;
  readonly start: number;
  readonly end: number;
  /** The name the language infers for it, empty when it has none. */
  readonly name: string;
}

export interface ScopeTree {
  readonly module: Scope;
  readonly bindingOf: ReadonlyMap<Identifier, Binding>;
  readonly functions: readonly FunctionSite[];
  readonly classes: readonly FunctionSite[];
  readonly calls: readonly (CallExpression | NewExpression)[];
}

type TopLevel = Statement | ModuleDeclaration;

/** Resolves every identifier of a module body to the declaration it reads, and notes what is changed where. */
export function analyseScopes(root: AnyNode, body: readonly TopLevel[], code: string): ScopeTree {
  return new ScopeBuilder(root, code).run(body);
}

class ScopeBuilder {
  readonly #code: string;
  readonly #module: Scope;
  readonly #references: [Identifier, Scope][] = [];
  readonly #assignments: [Identifier, Scope, Change][] = [];
  readonly #mutations: [Identifier, Scope, Change][] = [];
  readonly #functions: FunctionSite[] = [];
  readonly #classes: FunctionSite[] = [];
  readonly #calls: (CallExpression | NewExpression)[] = [];

  constructor(root: AnyNode, code: string) {
    this.#code = code;
    this.#module = { parent: undefined, kind: "module", node: root, bindings: new Map() };
  }

  run(body: readonly TopLevel[]): ScopeTree {
    for (const statement of body) this.#visit(statement, this.#module);
    const bindingOf = new Map<Identifier, Binding>();
    for (const [identifier, scope] of this.#references) {
      const binding = lookUp(identifier.name, scope);
      if (binding !== undefined) bindingOf.set(identifier, binding);
    }
    for (const [identifier, scope, change] of this.#assignments) {
      const binding = lookUp(identifier.name, scope);
      if (binding !== undefined) binding.assigned ??= change;
    }
    for (const [identifier, scope, change] of this.#mutations) {
      const binding = lookUp(identifier.name, scope);
      if (binding !== undefined && (binding.mutated?.onlyContainer ?? true)) binding.mutated = change;
    }
    return {
      module: this.#module,
      bindingOf,
      functions: this.#functions,
      classes: this.#classes,
      calls: this.#calls,
    };
  }

  #visit(node: AnyNode | null | undefined, scope: Scope, name = ""): void {
    if (node === null || node === undefined) return;
    switch (node.type) {
      case "Identifier":
        this.#references.push([node, scope]);
        return;
      case "ImportDeclaration":
        for (const specifier of node.specifiers) this.#declare(specifier.local, "import", specifier, scope);
        return;
      case "ExportNamedDeclaration":
        if (node.declaration) this.#visit(node.declaration, scope);
        else if (!node.source) for (const { local } of node.specifiers) this.#visit(local, scope);
        return;
      case "ExportDefaultDeclaration":
        this.#visit(node.declaration as AnyNode, scope, "default");
        return;
      case "ExportAllDeclaration":
      case "MetaProperty":
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "LabeledStatement":
        this.#visit(node.body, scope);
        return;
      case "VariableDeclaration":
        for (const declarator of node.declarations) {
          const kind = node.kind === "await using" ? "using" : (node.kind as BindingKind);
          const target = kind === "var" ? functionScopeOf(scope) : scope;
          this.#declarePattern(declarator.id, kind, declarator, target, scope);
          this.#visit(declarator.init, scope, declarator.id.type === "Identifier" ? declarator.id.name : "");
        }
        return;
      case "FunctionDeclaration":
        if (node.id) this.#declare(node.id, "function", node, scope);
        this.#visitFunction(node, scope, node.id?.name ?? name, false, node.start);
        return;
      case "FunctionExpression": {
        const own = node.id ? childScope(scope, "block", node) : scope;
        if (node.id) this.#declare(node.id, "ownName", node, own);
        this.#visitFunction(node, own, node.id?.name ?? name, false, node.start);
        return;
      }
      case "ArrowFunctionExpression":
        this.#visitFunction(node, scope, name, false, node.start);
        return;
      case "ClassDeclaration":
        if (node.id) this.#declare(node.id, "class", node, scope);
        this.#visitClass(node, scope, name);
        return;
      case "ClassExpression": {
        const own = node.id ? childScope(scope, "block", node) : scope;
        if (node.id) this.#declare(node.id, "ownName", node, own);
        this.#visitClass(node, own, name);
        return;
      }
      case "BlockStatement":
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
      case "SwitchStatement":
        if (
          (node.type === "ForInStatement" || node.type === "ForOfStatement") &&
          node.left.type !== "VariableDeclaration"
        ) {
          this.#assignTarget(node.left, scope, node.start, "a loop");
        }
        this.#visitAll(childrenOf(node), childScope(scope, "block", node));
        return;
      case "StaticBlock":
        this.#visitAll(childrenOf(node), childScope(scope, "function", node));
        return;
      case "CatchClause": {
        const own = childScope(scope, "block", node);
        if (node.param) this.#declarePattern(node.param, "catch", node, own, own);
        this.#visit(node.body, own);
        return;
      }
      case "MemberExpression":
        this.#visit(node.object as AnyNode, scope);
        if (node.computed) this.#visit(node.property, scope);
        return;
      case "Property":
        if (node.computed) this.#visit(node.key, scope);
        if (node.method)
          this.#visitMethod(node.value as AnyNode, node.start, staticKey(node.key, node.computed), scope);
        else this.#visit(node.value, scope, staticKey(node.key, node.computed));
        return;
      case "PropertyDefinition":
        if (node.computed) this.#visit(node.key, scope);
        this.#visit(node.value, childScope(scope, "function", node), staticKey(node.key, node.computed));
        return;
      case "AssignmentExpression":
        this.#assignTarget(node.left, scope, node.start, `"${node.operator}"`);
        this.#visit(node.left, scope);
        this.#visit(node.right, scope, node.left.type === "Identifier" ? node.left.name : "");
        return;
      case "UpdateExpression":
        this.#assignTarget(node.argument as Pattern, scope, node.start, `"${node.operator}"`);
        this.#visit(node.argument, scope);
        return;
      case "UnaryExpression":
        if (node.operator === "delete") this.#assignTarget(node.argument as Pattern, scope, node.start, '"delete"');
        this.#visit(node.argument, scope);
        return;
      case "AssignmentPattern":
        this.#visit(node.left, scope);
        this.#visit(node.right, scope, node.left.type === "Identifier" ? node.left.name : "");
        return;
      case "CallExpression":
      case "NewExpression":
        this.#calls.push(node);
        this.#noteMutatingCall(node, scope);
        this.#visitAll(childrenOf(node), scope);
        return;
      default:
        this.#visitAll(childrenOf(node), scope);
    }
  }

  #visitAll(nodes: readonly (AnyNode | null)[], scope: Scope): void {
    for (const node of nodes) this.#visit(node, scope);
  }

  #visitFunction(node: FunctionNode, scope: Scope, name: string, isMethod: boolean, start: number): void {
    this.#functions.push({ node, isMethod, start, end: node.end, name });
    const own = childScope(scope, "function", node);
    for (const parameter of node.params) this.#declarePattern(parameter, "parameter", node, own, own);
    if (node.body.type === "BlockStatement") this.#visitAll(node.body.body, own);
    else this.#visit(node.body, own);
  }

  #visitMethod(value: AnyNode, start: number, name: string | undefined, scope: Scope): void {
    if (isFunction(value)) this.#visitFunction(value, scope, name ?? "", true, start);
  }

  #visitClass(node: ClassNode, scope: Scope, name: string): void {
    this.#classes.push({ node, isMethod: false, start: node.start, end: node.end, name: node.id?.name ?? name });
    this.#visit(node.superClass, scope);
    for (const member of node.body.body) {
      if (member.type !== "MethodDefinition") {
        this.#visit(member, scope);
        continue;
      }
      if (member.computed) this.#visit(member.key, scope);
      // A method prints itself without the modifier in front of it.
      const modifier = member.static
        ? (/^static\s+/.exec(this.#code.slice(member.start, member.end))?.[0].length ?? 0)
        : 0;
      this.#visitMethod(member.value, member.start + modifier, staticKey(member.key, member.computed), scope);
    }
  }

  #declare(identifier: Identifier, kind: BindingKind, declaration: AnyNode, scope: Scope): void {
    this.#references.push([identifier, scope]);
    const known = scope.bindings.get(identifier.name);
    if (known === undefined) {
      const binding: Binding = {
        name: identifier.name,
        kind,
        scope,
        declaration,
        identifier,
        assigned: undefined,
        mutated: undefined,
      };
      scope.bindings.set(identifier.name, binding);
    } else if (declaration.type !== "VariableDeclarator" || declaration.init) {
      known.assigned ??= { offset: identifier.start, how: "a second declaration", onlyContainer: false };
    }
  }

  #declarePattern(pattern: Pattern, kind: BindingKind, declaration: AnyNode, target: Scope, scope: Scope): void {
    switch (pattern.type) {
      case "Identifier":
        this.#declare(pattern, kind, declaration, target);
        return;
      case "ObjectPattern":
        for (const property of pattern.properties) {
          if (property.type === "RestElement")
            this.#declarePattern(property.argument, kind, declaration, target, scope);
          else {
            if (property.computed) this.#visit(property.key, scope);
            this.#declarePattern(property.value, kind, declaration, target, scope);
          }
        }
        return;
      case "ArrayPattern":
        for (const element of pattern.elements) {
          if (element) this.#declarePattern(element, kind, declaration, target, scope);
        }
        return;
      case "RestElement":
        this.#declarePattern(pattern.argument, kind, declaration, target, scope);
        return;
      case "AssignmentPattern":
        this.#declarePattern(pattern.left, kind, declaration, target, scope);
        this.#visit(pattern.right, scope, pattern.left.type === "Identifier" ? pattern.left.name : "");
        return;
      default:
        this.#visit(pattern, scope);
    }
  }

  #assignTarget(target: Pattern, scope: Scope, offset: number, how: string): void {
    switch (target.type) {
      case "Identifier":
        this.#assignments.push([target, scope, { offset, how, onlyContainer: false }]);
        return;
      case "ObjectPattern":
        for (const property of target.properties) {
          this.#assignTarget(property.type === "RestElement" ? property.argument : property.value, scope, offset, how);
        }
        return;
      case "ArrayPattern":
        for (const element of target.elements) if (element) this.#assignTarget(element, scope, offset, how);
        return;
      case "RestElement":
        this.#assignTarget(target.argument, scope, offset, how);
        return;
      case "AssignmentPattern":
        this.#assignTarget(target.left, scope, offset, how);
        return;
      default: {
        const chain = chainOf(target);
        if (chain?.root.type === "Identifier") {
          this.#mutations.push([chain.root, scope, { offset, how, onlyContainer: false }]);
        }
      }
    }
  }

  #noteMutatingCall(node: CallExpression | NewExpression, scope: Scope): void {
    const changed = objectChangedByCall(node);
    const root = changed && chainOf(changed.object);
    if (changed === undefined || root?.root.type !== "Identifier") return;
    const onlyContainer = changed.isMethod && root.depth === 0;
    this.#mutations.push([root.root, scope, { offset: node.start, how: changed.how, onlyContainer }]);
  }
}

function childScope(parent: Scope, kind: Scope["kind"], node: AnyNode): Scope {
  return { parent, kind, node, bindings: new Map() };
}

function functionScopeOf(scope: Scope): Scope {
  let current = scope;
  while (current.kind === "block" && current.parent) current = current.parent;
  return current;
}

function lookUp(name: string, scope: Scope): Binding | undefined {
  for (let current: Scope | undefined = scope; current; current = current.parent) {
    const binding = current.bindings.get(name);
    if (binding) return binding;
  }
  return undefined;
}

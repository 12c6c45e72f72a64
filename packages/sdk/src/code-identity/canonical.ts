import type { AnyNode, Identifier, MemberExpression, SequenceExpression } from "acorn";
import type { Binding, ScopeTree } from "./scopes.ts";
import { childrenOf, isWithin, staticKey, type ClassNode, type FunctionNode } from "./syntax.ts";

/** A name that a piece of code reads but does not declare. */
export interface FreeReference {
  readonly name: string;
  /** What the name means in its module; absent for globals. */
  readonly binding: Binding | undefined;
  /** `sma` in `indicators.sma`, when `indicators` is a whole module. */
  readonly member: string | undefined;
  readonly node: AnyNode;
}

export interface CanonicalOptions {
  /** The token that stands for what a name refers to. */
  readonly refer: (reference: FreeReference) => string;
  /** Whether a name stands for a whole module, so that `name.member` is one reference. */
  readonly isNamespace: (identifier: Identifier) => boolean;
  /** Whether the code is called on an object, so that its own `this` means something. */
  readonly hasReceiver: boolean;
  /** Whether a call target is a transpiler's helper that only sets a function's `name`. */
  readonly isNameHelper: (callee: AnyNode) => boolean;
}

/**
 * The text of a piece of code with everything taken out that does not change what it does: names of locals,
 * labels and private members, spelling of literals, quotes, shorthand, braces around one statement, directives,
 * grouping of `const`s, the arrow's short body. Property names, globals, operators and structure stay.
 */
export function canonicalForm(root: AnyNode, scopes: ScopeTree, options: CanonicalOptions): string {
  return new CanonicalPrinter(root, scopes, options).print(root);
}

class CanonicalPrinter {
  readonly #root: AnyNode;
  readonly #scopes: ScopeTree;
  readonly #options: CanonicalOptions;
  readonly #locals = new Map<Binding, string>();
  readonly #labels: string[] = [];
  readonly #privateNames: Map<string, string>[] = [];
  #privateCount = 0;
  /** Functions and class bodies around the current node that have a `this` of their own. */
  #ownThis = 0;
  #ownArguments = 0;

  constructor(root: AnyNode, scopes: ScopeTree, options: CanonicalOptions) {
    this.#root = root;
    this.#scopes = scopes;
    this.#options = options;
  }

  print(node: AnyNode | null | undefined): string {
    if (node === null || node === undefined) return "_";
    switch (node.type) {
      case "Identifier":
        return this.#identifier(node);
      case "Literal":
        return literal(node);
      case "TemplateLiteral":
      case "BinaryExpression":
        return this.#foldable(node);
      case "TaggedTemplateExpression":
        return form("tagged", [this.print(node.tag), ...childrenOf(node.quasi).map((child) => this.print(child))]);
      case "UnaryExpression":
        return this.#unary(node);
      case "LogicalExpression":
        return form(`logical ${node.operator}`, this.#flatten(node, node.operator));
      case "MemberExpression":
        return this.#member(node);
      case "CallExpression": {
        const [first] = node.arguments;
        if (first && node.arguments.length === 2 && this.#options.isNameHelper(node.callee)) return this.print(first);
        const callee = this.print(node.callee);
        return form(node.optional ? "call?" : "call", [callee, ...node.arguments.map((each) => this.print(each))]);
      }
      case "SequenceExpression":
        return this.#sequence(node);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return this.#function(node);
      case "ClassDeclaration":
      case "ClassExpression":
        return this.#class(node);
      case "Property":
        return form(`property ${node.kind}${node.method ? " method" : ""}`, [
          this.#propertyKey(node),
          this.print(node.value),
        ]);
      case "MethodDefinition":
        return form(`method ${node.kind}${node.static ? " static" : ""}`, [
          this.#key(node.key, node.computed),
          this.print(node.value),
        ]);
      case "PropertyDefinition":
        return form(`field${node.static ? " static" : ""}`, [
          this.#key(node.key, node.computed),
          this.#withOwnThis(() => this.print(node.value)),
        ]);
      case "StaticBlock":
        return form("static", [this.#withOwnThis(() => this.#statements(node.body))]);
      case "PrivateIdentifier":
        return this.#privateName(node.name);
      case "ThisExpression":
        return this.#ownThis > 0 ? "this" : this.#refer(node, "this");
      case "Super":
        return this.#ownThis > 0 ? "super" : this.#refer(node, "super");
      case "MetaProperty": {
        const name = `${node.meta.name}.${node.property.name}`;
        return this.#ownThis > 0 && name === "new.target" ? name : this.#refer(node, name);
      }
      case "ImportExpression":
        return form("call", [this.#refer(node, "import()"), this.print(node.source)]);
      case "BlockStatement":
        return form("block", [this.#statements(node.body)]);
      case "ReturnStatement":
        return form("return", [node.argument ? this.print(node.argument) : "undefined"]);
      case "ExpressionStatement":
        return this.print(node.expression);
      case "IfStatement":
        return form("if", [
          this.print(node.test),
          this.#body(node.consequent),
          node.alternate ? this.#body(node.alternate) : "_",
        ]);
      case "WhileStatement":
        return form("while", [this.print(node.test), this.#body(node.body)]);
      case "DoWhileStatement":
        return form("do", [this.#body(node.body), this.print(node.test)]);
      case "ForStatement":
        return form("for", [
          this.print(node.init),
          this.print(node.test),
          this.print(node.update),
          this.#body(node.body),
        ]);
      case "ForInStatement":
        return form("for in", [this.print(node.left), this.print(node.right), this.#body(node.body)]);
      case "ForOfStatement":
        return form(node.await ? "for await" : "for of", [
          this.print(node.left),
          this.print(node.right),
          this.#body(node.body),
        ]);
      case "VariableDeclaration":
        return this.#variables(node.kind, node.declarations).join(" ");
      case "LabeledStatement": {
        this.#labels.push(node.label.name);
        const text = form("label", [this.#body(node.body)]);
        this.#labels.pop();
        return text;
      }
      case "BreakStatement":
        return form("break", [this.#label(node.label)]);
      case "ContinueStatement":
        return form("continue", [this.#label(node.label)]);
      case "TemplateElement":
        return JSON.stringify([node.value.cooked ?? null, node.value.raw]);
      case "UpdateExpression":
        return form(`update ${node.operator}${node.prefix ? " prefix" : ""}`, [this.print(node.argument)]);
      case "AssignmentExpression":
        return form(`assign ${node.operator}`, [this.print(node.left), this.print(node.right)]);
      case "YieldExpression":
        return form(node.delegate ? "yield*" : "yield", [this.print(node.argument)]);
      default:
        return form(
          node.type,
          childrenOf(node).map((child) => this.print(child)),
        );
    }
  }

  // Names

  #identifier(node: Identifier): string {
    const binding = this.#scopes.bindingOf.get(node);
    if (binding && this.#isLocal(binding)) return this.#local(binding);
    if (!binding) {
      if (node.name === "undefined") return "undefined";
      if (node.name === "arguments" && this.#ownArguments > 0) return "arguments";
    }
    return this.#options.refer({ name: node.name, binding, member: undefined, node });
  }

  /** Declared inside the code that is printed. Its own name is not: the role of the whole stands for it. */
  #isLocal(binding: Binding): boolean {
    if (binding.scope.kind === "module") return false;
    if (binding.declaration === this.#root && binding.kind !== "parameter") return false;
    return isWithin(binding.scope.node, this.#root);
  }

  #local(binding: Binding): string {
    let token = this.#locals.get(binding);
    if (token === undefined) {
      token = `L${this.#locals.size}`;
      this.#locals.set(binding, token);
    }
    return token;
  }

  #refer(node: AnyNode, name: string): string {
    return this.#options.refer({ name, binding: undefined, member: undefined, node });
  }

  #label(label: Identifier | null | undefined): string {
    return label ? `label${this.#labels.length - this.#labels.lastIndexOf(label.name)}` : "_";
  }

  #privateName(name: string): string {
    for (let index = this.#privateNames.length - 1; index >= 0; index--) {
      const token = this.#privateNames[index]?.get(name);
      if (token !== undefined) return token;
    }
    return `#${name}`;
  }

  // Expressions

  #member(node: MemberExpression): string {
    const key = node.property.type === "PrivateIdentifier" ? undefined : staticKey(node.property, node.computed);
    if (key !== undefined && node.object.type === "Identifier" && this.#options.isNamespace(node.object)) {
      const binding = this.#scopes.bindingOf.get(node.object);
      return this.#options.refer({ name: node.object.name, binding, member: key, node });
    }
    const property = key === undefined ? this.print(node.property) : JSON.stringify(key);
    return form(`member${node.optional ? "?" : ""}${key === undefined ? " []" : ""}`, [
      this.print(node.object as AnyNode),
      property,
    ]);
  }

  #sequence({ expressions }: SequenceExpression): string {
    const [first, second] = expressions;
    if (expressions.length === 2 && first?.type === "Literal" && second && this.#isNamed(second))
      return this.print(second);
    const flat = expressions.flatMap((each) => (each.type === "SequenceExpression" ? each.expressions : each));
    return form(
      "sequence",
      flat.map((each) => this.print(each)),
    );
  }

  /** Something to which `(0, f)(x)` makes no difference: transpilers call imports like that, to pass no receiver. */
  #isNamed(node: AnyNode): boolean {
    if (node.type === "Identifier") return true;
    return (
      node.type === "MemberExpression" && node.object.type === "Identifier" && this.#options.isNamespace(node.object)
    );
  }

  #unary(node: AnyNode & { type: "UnaryExpression" }): string {
    const argument = node.argument;
    if (argument.type === "Literal") {
      const value = argument.value;
      if (node.operator === "void") return "undefined";
      if (typeof value === "number" && node.operator === "-") return number(-value);
      if (typeof value === "number" && node.operator === "+") return number(value);
      if ((value === 0 || value === 1 || typeof value === "boolean") && node.operator === "!") return String(!value);
    }
    return form(`unary ${node.operator}`, [this.print(argument)]);
  }

  #flatten(node: AnyNode, operator: string): string[] {
    if (node.type === "LogicalExpression" && node.operator === operator) {
      return [...this.#flatten(node.left, operator), ...this.#flatten(node.right, operator)];
    }
    return [this.print(node)];
  }

  #foldable(node: AnyNode & { type: "TemplateLiteral" | "BinaryExpression" }): string {
    if (node.type === "BinaryExpression") {
      const { operator, left, right } = node;
      if (
        operator === "/" &&
        left.type === "Literal" &&
        left.value === 1 &&
        right.type === "Literal" &&
        right.value === 0
      ) {
        return this.#refer(node, "Infinity");
      }
      if (operator !== "+") return form(`binary ${operator}`, [this.print(left), this.print(right)]);
    }
    // From its first string on an addition is a concatenation, and transpilers join literal neighbours in it.
    const terms: (string | string[])[] = [];
    const operands = additionTerms(node);
    for (const [index, term] of operands.entries()) {
      const last = terms.at(-1);
      const besideText = Array.isArray(last) || (index === 0 && operands[1] && this.#isText(operands[1]));
      const pieces = this.#pieces(term) ?? (besideText ? this.#constantText(term) : undefined);
      if (pieces === undefined) terms.push(this.print(term));
      else if (Array.isArray(last)) last.push((last.pop() ?? "") + (pieces[0] ?? ""), ...pieces.slice(1));
      else terms.push(pieces);
    }
    const printed = terms.map((term) => (Array.isArray(term) ? printPieces(term) : term));
    return printed.length === 1 ? (printed[0] ?? "") : form("binary +", printed);
  }

  #isText(node: AnyNode): boolean {
    return node.type === "TemplateLiteral" || (node.type === "Literal" && typeof node.value === "string");
  }

  /** What a number, `true`, `null` or `undefined` becomes when it is joined to a text. */
  #constantText(node: AnyNode): string[] | undefined {
    if (node.type === "UnaryExpression" && node.argument.type === "Literal") {
      const { value } = node.argument;
      if (node.operator === "-" && typeof value === "number") return [String(-value)]; // "0" for -0, as in the language
      return node.operator === "void" ? ["undefined"] : undefined;
    }
    if (node.type === "Identifier" && node.name === "undefined" && !this.#scopes.bindingOf.has(node))
      return ["undefined"];
    return node.type === "Literal" && !node.regex ? [String(node.value)] : undefined;
  }

  /** A string constant or template as alternating text and printed expression, text first and last. */
  #pieces(node: AnyNode): string[] | undefined {
    if (node.type === "Literal" && typeof node.value === "string") return [node.value];
    if (node.type !== "TemplateLiteral") return undefined;
    return node.quasis.flatMap((quasi, index) => {
      const expression = node.expressions[index];
      const text = quasi.value.cooked ?? quasi.value.raw;
      return expression ? [text, this.print(expression)] : [text];
    });
  }

  // Functions and classes

  #function(node: FunctionNode): string {
    const isRoot = node === this.#root;
    const lexicalThis = node.type === "ArrowFunctionExpression";
    const kind = `${node.async ? "async " : ""}${lexicalThis ? "arrow" : "function"}${node.generator ? "*" : ""}`;
    // A nested declaration is printed as the variable it declares, so its name comes from there.
    if (!isRoot && node.type === "FunctionExpression" && node.id) this.print(node.id);
    const ownThis = !lexicalThis && (!isRoot || this.#options.hasReceiver) ? 1 : 0;
    this.#ownThis += ownThis;
    if (!lexicalThis) this.#ownArguments++;
    const parameters = node.params.map((each) => this.print(each));
    const body =
      node.body.type === "BlockStatement" ? this.#statements(node.body.body) : form("return", [this.print(node.body)]);
    if (!lexicalThis) this.#ownArguments--;
    this.#ownThis -= ownThis;
    return form(kind, [form("parameters", parameters), body]);
  }

  #class(node: ClassNode): string {
    const names = new Map<string, string>();
    for (const member of node.body.body) {
      if (member.type === "StaticBlock" || member.key.type !== "PrivateIdentifier") continue;
      if (!names.has(member.key.name)) names.set(member.key.name, `#${this.#privateCount++}`);
    }
    const parent = this.print(node.superClass);
    this.#privateNames.push(names);
    const members = node.body.body.filter((each) => !this.#isNameBlock(each)).map((each) => this.print(each));
    this.#privateNames.pop();
    return form("class", [parent, ...members]);
  }

  #isNameBlock(member: AnyNode): boolean {
    return member.type === "StaticBlock" && member.body.length === 1 && this.#isNameStatement(member.body[0]);
  }

  #isNameStatement(node: AnyNode | undefined): boolean {
    if (node?.type !== "ExpressionStatement" || node.expression.type !== "CallExpression") return false;
    return node.expression.arguments.length === 2 && this.#options.isNameHelper(node.expression.callee);
  }

  #withOwnThis(print: () => string): string {
    this.#ownThis++;
    const text = print();
    this.#ownThis--;
    return text;
  }

  #key(key: AnyNode, computed: boolean): string {
    const fixed = key.type === "PrivateIdentifier" ? undefined : staticKey(key, computed);
    if (fixed !== undefined) return JSON.stringify(fixed);
    return computed ? form("computed", [this.print(key)]) : this.print(key);
  }

  #propertyKey(node: AnyNode & { type: "Property" }): string {
    const key = this.#key(node.key, node.computed);
    // `{ __proto__: x }` sets the prototype; the shorthand, the method and the computed key define a property.
    const setsPrototype = key === '"__proto__"' && !node.computed && !node.shorthand && !node.method;
    return setsPrototype ? "prototype" : key;
  }

  // Statements

  /** Hoisted functions first, declarations one by one, nothing that does nothing. */
  #statements(nodes: readonly AnyNode[]): string {
    const hoisted: string[] = [];
    for (const node of nodes) {
      if (node.type === "FunctionDeclaration" && node !== this.#root && node.id) {
        hoisted.push(form("const", [this.print(node.id), this.#function(node)]));
      }
    }
    const rest: string[] = [];
    for (const node of nodes) {
      if (node.type === "FunctionDeclaration" || node.type === "EmptyStatement" || node.type === "DebuggerStatement")
        continue;
      if (node.type === "ExpressionStatement" && node.directive !== undefined) continue;
      if (this.#isNameStatement(node)) continue;
      if (node.type === "VariableDeclaration") rest.push(...this.#variables(node.kind, node.declarations));
      else if (node.type === "ClassDeclaration") rest.push(form("const", [this.print(node.id), this.#class(node)]));
      else rest.push(this.print(node));
    }
    return [...hoisted, ...rest].join(" ");
  }

  /** The body of a branch or loop: the same with and without braces. */
  #body(node: AnyNode): string {
    return form("body", [this.#statements(node.type === "BlockStatement" ? node.body : [node])]);
  }

  #variables(kind: string, declarators: readonly (AnyNode & { type: "VariableDeclarator" })[]): string[] {
    return declarators.map((each) => {
      const word = kind === "let" && !this.#isAssigned(each.id) && each.init ? "const" : kind;
      return form(word, [this.print(each.id), this.print(each.init)]);
    });
  }

  #isAssigned(pattern: AnyNode): boolean {
    if (pattern.type !== "Identifier") return true;
    return this.#scopes.bindingOf.get(pattern)?.assigned !== undefined;
  }
}

function form(head: string, parts: readonly string[]): string {
  return `(${[head, ...parts].join(" ")})`;
}

/** The left spine of an addition: `a + b + c` as three terms; `a + (b + c)` as two. */
function additionTerms(node: AnyNode): AnyNode[] {
  const terms: AnyNode[] = [];
  let current = node;
  while (current.type === "BinaryExpression" && current.operator === "+") {
    terms.unshift(current.right);
    current = current.left as AnyNode;
  }
  terms.unshift(current);
  return terms;
}

function printPieces(pieces: readonly string[]): string {
  const printed = pieces.map((piece, index) => (index % 2 === 0 ? JSON.stringify(piece) : piece));
  return printed.length === 1 ? (printed[0] ?? "") : form("template", printed);
}

function literal(node: AnyNode & { type: "Literal" }): string {
  if (node.regex)
    return form("regexp", [JSON.stringify(node.regex.pattern), node.regex.flags.split("").toSorted().join("")]);
  if (typeof node.value === "string") return JSON.stringify(node.value);
  if (typeof node.value === "number") return number(node.value);
  if (typeof node.value === "bigint") return `${node.value}n`;
  return String(node.value);
}

function number(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

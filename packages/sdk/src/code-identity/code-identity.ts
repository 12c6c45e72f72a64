import { assert, type QmtlError } from "@qmtl/core";
import { sha256Hex } from "@qmtl/core/identity";
import type { AnyNode } from "acorn";
import { canonicalForm, type FreeReference } from "./canonical.ts";
import { captureError, statefulError, unreadableError, wrongKindError, type FunctionPlace } from "./code-errors.ts";
import { findFunction, isClassText, onlySite, parseFunctionText, type FoundFunction } from "./find-function.ts";
import { isStandardGlobal, whyNotConstant } from "./initialiser.ts";
import type { SourceLocation } from "./location.ts";
import { loadModule, type SourceModule } from "./module-source.ts";
import type { PackageVersion } from "./packages.ts";
import {
  isNameHelper,
  isNamespace,
  lineOf,
  portablePath,
  resolveReference,
  shownFile,
  type Declaration,
  type Target,
} from "./references.ts";
import { isClass } from "./syntax.ts";

/** One piece of the author's code that a compute function is made of. */
export interface CodePart {
  readonly role: "compute" | "stage" | Declaration["role"];
  readonly name: string;
  /** Relative to the folder of the compute function's module; empty when that module is unknown. */
  readonly file: string;
  readonly line: number;
  /** SHA-256 (hex) of the part alone, to see which of two versions' parts differ. */
  readonly hash: string;
}

export interface CodeIdentity {
  /** SHA-256 (hex) over the normalised function, everything it reaches, and the packages it imports from. */
  readonly hash: string;
  /** The function first, then its declarations in the order they are reached. */
  readonly parts: readonly CodePart[];
  readonly packages: readonly PackageVersion[];
}

export interface CodeIdentityOptions {
  /** Where the node was built, from `captureLocation()`: the way to the function's module. */
  readonly location?: SourceLocation | undefined;
  /** What messages call the function, such as the name of its node; by default the name the language gives it. */
  readonly name?: string | undefined;
}

/**
 * What a compute function is, independent of how it is written down: formatting, comments, types, local names and
 * the names of helpers do not matter, nor whether Node strips its types, or esbuild, tsc or vitest rewrote it
 * (but a minifier that rewrites syntax does). Literals, operators, property names, structure, every module-level
 * declaration it reaches and the versions of the packages it imports from do.
 *
 * @throws QmtlError `CODE_CAPTURE` when it reads a variable that this cannot cover, `CODE_UNREADABLE` when its
 *   source cannot be found, `NODE_INVALID` when it is not a synchronous function
 */
export function codeIdentityOf(fn: Function, options: CodeIdentityOptions = {}): CodeIdentity {
  if (typeof fn !== "function") throw wrongKindError(String(fn), "not a function");
  const text = Function.prototype.toString.call(fn);
  const name = options.name ?? fn.name;
  if (isClassText(text)) throw wrongKindError(name, "a class");
  return identityOnce(fn, () => computeIdentity(fn, text, { name, location: options.location }));
}

/**
 * What an author's class is, as `codeIdentityOf` says it of a function: its members, the classes it extends and
 * everything they reach.
 *
 * @throws QmtlError `CODE_CAPTURE`, `CODE_UNREADABLE`
 */
export function classIdentityOf(type: Function, options: CodeIdentityOptions = {}): CodeIdentity {
  const place: FunctionPlace = { name: options.name ?? type.name, location: options.location, kind: "order stage" };
  return identityOnce(type, () => identityOfText(Function.prototype.toString.call(type), type.name, place));
}

function identityOnce(fn: Function, identify: () => CodeIdentity): CodeIdentity {
  let identity = identities.get(fn);
  if (identity === undefined) identities.set(fn, (identity = identify()));
  return identity;
}

const identities = new WeakMap<Function, CodeIdentity>();

function computeIdentity(fn: Function, text: string, place: FunctionPlace): CodeIdentity {
  const { name } = place;
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    const isBound = fn.name.startsWith("bound ");
    throw unreadableError(
      place,
      isBound ? "it is bound, which hides its source" : "it is native and has no source",
      isBound ? "bound" : "native",
    );
  }
  const kind = Object.prototype.toString.call(fn);
  if (kind === "[object AsyncFunction]" || kind === "[object AsyncGeneratorFunction]")
    throw wrongKindError(name, "async");
  if (kind === "[object GeneratorFunction]") throw wrongKindError(name, "a generator");
  return identityOfText(text, fn.name, place);
}

function identityOfText(text: string, ownName: string, place: FunctionPlace): CodeIdentity {
  const found = findFunction(text, ownName, place.location);
  if (found) return identityAt(found, place);
  const alone = parseFunctionText(text);
  const site = alone && onlySite(alone);
  if (alone === undefined || site === undefined) throw unreadableError(place, "its text does not parse", "lost");
  return new IdentityBuilder({ module: alone, site }, place, true).build();
}

/** Equal functions at one place share their identity: a factory's thousandth node costs a look-up. */
function identityAt(found: FoundFunction, place: FunctionPlace): CodeIdentity {
  let known = identitiesOfModule.get(found.module);
  if (known === undefined) identitiesOfModule.set(found.module, (known = new Map()));
  const entry = known.get(found.site);
  if (entry?.modules.every((module) => isCurrent(module))) return entry.identity;
  const location = { file: found.module.file, line: lineOf(found.module, found.site.start), column: 1 };
  const builder = new IdentityBuilder(found, { ...place, location }, false);
  const identity = builder.build();
  known.set(found.site, { identity, modules: [...builder.modules] });
  return identity;
}

const identitiesOfModule = new WeakMap<
  SourceModule,
  Map<FoundFunction["site"], { readonly identity: CodeIdentity; readonly modules: readonly SourceModule[] }>
>();

function isCurrent(module: SourceModule): boolean {
  try {
    return loadModule(module.file) === module;
  } catch {
    return false;
  }
}

class IdentityBuilder {
  readonly modules = new Set<SourceModule>();
  readonly #found: FoundFunction;
  readonly #place: FunctionPlace;
  readonly #isAlone: boolean;
  readonly #numbers = new Map<AnyNode, number>();
  readonly #queue: Declaration[] = [];
  readonly #packages = new Map<string, PackageVersion>();

  constructor(found: FoundFunction, place: FunctionPlace, isAlone: boolean) {
    this.#found = found;
    this.#place = place;
    this.#isAlone = isAlone;
  }

  build(): CodeIdentity {
    const { module, site } = this.#found;
    const { node, name } = site;
    const role = isClass(node) ? "class" : "function";
    const root: Declaration = { kind: "declaration", module, role, name, node, destructured: undefined };
    const state = whyNotConstant(root, (reached) => this.modules.add(reached));
    if (state !== undefined) throw statefulError(this.#place, state);
    this.#numberOf(root);
    const texts: string[] = [];
    const parts: CodePart[] = [];
    for (let index = 0; index < this.#queue.length; index++) {
      const declaration = this.#queue[index];
      assert(declaration !== undefined, "the queue of declarations has no holes");
      const text = this.#print(declaration);
      texts.push(text);
      parts.push({
        role: index > 0 ? declaration.role : role === "class" ? "stage" : "compute",
        name: declaration.name,
        file: this.#isAlone ? "" : portablePath(declaration.module.file, module.file),
        line: this.#isAlone ? 0 : lineOf(declaration.module, declaration.node.start),
        hash: sha256Hex(text),
      });
    }
    const packages = [...this.#packages.values()].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    const whole = [`method:${site.isMethod}`, ...texts, ...packages.map(({ name, version }) => `${name}@${version}`)];
    return { hash: sha256Hex(JSON.stringify(whole)), parts, packages };
  }

  #print(declaration: Declaration): string {
    const { module, node, destructured } = declaration;
    this.modules.add(module);
    const root = destructured?.declarator ?? node;
    return canonicalForm(root, module.scopes, {
      refer: (reference) => {
        const isSibling = destructured !== undefined && reference.binding?.declaration === root;
        if (isSibling) return reference.binding === destructured.binding ? "taken" : "other";
        // A function or class under its own name, however it is declared: its role stands for it.
        if (reference.binding?.declaration === node) return `D${this.#numberOf(declaration)}`;
        return this.#token(declaration, reference, this.#resolve(declaration, reference));
      },
      isNamespace: (identifier) => isNamespace(module, identifier),
      hasReceiver: node !== this.#found.site.node || isClass(node),
      isNameHelper: (callee) => isNameHelper(module, callee),
    });
  }

  #resolve(from: Declaration, reference: FreeReference): Target {
    const target = resolveReference(from.module, reference, (module) => this.modules.add(module));
    if (this.#isAlone && target.kind === "global" && !isStandardGlobal(target.name)) {
      const reason = `it reads "${target.name}", and ${whyNotFound(this.#place.location)}`;
      throw unreadableError(this.#place, reason, "lost");
    }
    return target;
  }

  #token(from: Declaration, reference: FreeReference, target: Target): string {
    switch (target.kind) {
      case "global":
        return `G:${target.name}`;
      case "package": {
        const { name, version, subpath } = target.package;
        this.#packages.set(name, { name, version });
        return `P:${JSON.stringify([name, subpath, target.name])}`;
      }
      case "namespace": {
        const members = [...target.members].toSorted(([a], [b]) => (a < b ? -1 : 1));
        const tokens = members.map(
          ([name, member]) => `${JSON.stringify(name)} ${this.#token(from, reference, member())}`,
        );
        return `(namespace ${tokens.join(" ")})`;
      }
      case "declaration": {
        const reason = whyNotConstant(target, (module) => this.modules.add(module));
        if (reason !== undefined) throw this.#refusal(from, reference, `a module-level ${target.role} that ${reason}`);
        return `D${this.#numberOf(target)}`;
      }
      case "refused":
        throw this.#refusal(from, reference, target.reason);
      case "missing":
        throw unreadableError(this.#place, target.reason, "lost");
    }
  }

  #refusal(from: Declaration, reference: FreeReference, reason: string): QmtlError {
    const variable = reference.member === undefined ? reference.name : `${reference.name}.${reference.member}`;
    const file = this.#isAlone ? undefined : from.module.file;
    return captureError(this.#place, {
      variable,
      reason,
      file,
      line: file === undefined ? undefined : lineOf(from.module, reference.node.start),
      through: from.node === this.#found.site.node ? undefined : from.name,
    });
  }

  /** Declarations are numbered as they are first reached, so that their names do not matter. */
  #numberOf(declaration: Declaration): number {
    let number = this.#numbers.get(declaration.node);
    if (number === undefined) {
      number = this.#queue.push(declaration) - 1;
      this.#numbers.set(declaration.node, number);
    }
    return number;
  }
}

function whyNotFound(location: SourceLocation | undefined): string {
  if (location === undefined) return "the module that says what that is cannot be found";
  try {
    loadModule(location.file);
    return `neither ${shownFile(location.file)} nor what it imports holds this function as it runs (was a file changed after it was loaded?)`;
  } catch (cause) {
    return `${shownFile(location.file)} cannot be read: ${(cause as Error).message.split("\n")[0]}`;
  }
}

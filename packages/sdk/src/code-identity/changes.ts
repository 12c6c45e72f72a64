import type { AnyNode } from "acorn";
import { childrenOf, isClass, isFunction, staticKey } from "./syntax.ts";

/** What a chain of member accesses starts at, `a` of `a.b[c].d`, and how many steps it takes. Looks through `get` and `at`, which hand out the stored object itself. */
export function chainOf(node: AnyNode): { readonly root: AnyNode; readonly depth: number } | undefined {
  let current = node;
  for (let depth = 0; ; depth++) {
    if (current.type === "Identifier" || current.type === "ThisExpression") return { root: current, depth };
    if (current.type === "ChainExpression") {
      current = current.expression;
      depth--;
    } else if (current.type === "MemberExpression") current = current.object as AnyNode;
    else if (current.type === "CallExpression" && current.callee.type === "MemberExpression") {
      const name = staticKey(current.callee.property, current.callee.computed);
      if (name !== "get" && name !== "at") return undefined;
      current = current.callee.object as AnyNode;
    } else return undefined;
  }
}

/** The object that a call changes in place, as far as the method's name tells. */
export function objectChangedByCall(
  node: AnyNode,
): { readonly object: AnyNode; readonly how: string; readonly isMethod: boolean } | undefined {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return undefined;
  const { object, property, computed } = node.callee;
  const method = staticKey(property, computed) ?? "";
  const [first] = node.arguments;
  if (object.type === "Identifier" && first && mutatingStatics.has(`${object.name}.${method}`)) {
    return { object: first, how: `"${object.name}.${method}()"`, isMethod: false };
  }
  return mutatingMethods.has(method) ? { object: object as AnyNode, how: `"${method}()"`, isMethod: true } : undefined;
}

/** What a node assigns to or changes in place: a variable, or a chain of member accesses. */
export function changedBy(node: AnyNode): AnyNode | undefined {
  if (node.type === "AssignmentExpression") return node.left;
  if (node.type === "UpdateExpression") return node.argument;
  if (node.type === "UnaryExpression" && node.operator === "delete") return node.argument;
  return objectChangedByCall(node)?.object;
}

/**
 * Whether calling the functions of an object or the static methods of a class changes that object or class:
 * `{ count: 0, next() { return ++this.count; } }`.
 */
export function changesItself(node: AnyNode): boolean {
  if (isClass(node)) {
    return node.body.body.some((each) => each.type === "MethodDefinition" && each.static && changesThis(each.value));
  }
  if (isFunction(node)) return node.type !== "ArrowFunctionExpression" && changesThis(node);
  return childrenOf(node).some((child) => child !== null && changesItself(child));
}

function changesThis(node: AnyNode): boolean {
  const target = changedBy(node);
  if (target && chainOf(target)?.root.type === "ThisExpression") return true;
  return childrenOf(node).some((child) => child !== null && !isClass(child) && changesThis(child));
}

// Methods that change arrays, maps, sets, typed arrays and dates in place.
const mutatingMethods = new Set(
  (
    "push pop shift unshift splice sort reverse fill copyWithin set add delete clear append " +
    "setFullYear setMonth setDate setHours setMinutes setSeconds setMilliseconds setTime " +
    "setUTCFullYear setUTCMonth setUTCDate setUTCHours setUTCMinutes setUTCSeconds setUTCMilliseconds " +
    "setInt8 setUint8 setInt16 setUint16 setInt32 setUint32 setFloat32 setFloat64 setBigInt64 setBigUint64"
  ).split(" "),
);
const mutatingStatics = new Set(
  "Object.assign Object.defineProperty Object.defineProperties Object.setPrototypeOf Reflect.set Reflect.defineProperty Reflect.deleteProperty Reflect.setPrototypeOf".split(
    " ",
  ),
);

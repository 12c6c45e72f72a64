import { QmtlError, shown, type JsonValue } from "@qmtl/core";
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml";

/** A document's value, and where in the text its parts stand. */
export interface PolicyDocument {
  readonly value: JsonValue;
  /** " at line 3, column 5" of a path, or nothing for a document that has no text. */
  place(path: readonly (string | number)[]): Place;
}

export interface Place {
  readonly line?: number;
  readonly column?: number;
}

/** Characters of a policy's text, and containers within containers. */
const lengthMax = 64 * 1_024;
const depthMax = 16;
const nodesMax = 5_000;

/**
 * Reads YAML 1.2 or JSON text, or takes a document that has been read already. Aliases, anchors, tags, merge keys, keys
 * that occur twice and numbers that are not finite are refused; so is what is too long or nested too deeply.
 *
 * @param what - what the text is, for messages: "the policy"
 * @throws QmtlError `POLICY_INVALID` with line, column and why
 */
export function readPolicyDocument(source: unknown, what: string): PolicyDocument {
  if (typeof source === "string") return readText(source, what);
  const value = plain(source, what, [], { nodes: 0 });
  return { value, place: () => ({}) };
}

/** Raises `POLICY_INVALID` for a place of a document. */
export function refusePolicy(
  what: string,
  why: string,
  place: Place = {},
  path: readonly (string | number)[] = [],
  hint?: string,
): never {
  const where = place.line === undefined ? "" : `, line ${place.line}, column ${place.column}`;
  const name = path.length === 0 ? "" : `: ${path.map(String).join(".")}`;
  throw new QmtlError("POLICY_INVALID", `${what}${where}${name} ${why}`, {
    details: { ...place, path: [...path], why },
    ...(hint === undefined ? {} : { hint }),
  });
}

function readText(text: string, what: string): PolicyDocument {
  if (text.length > lengthMax) refusePolicy(what, `has at most ${lengthMax} characters; found ${text.length}`);
  const lines = new LineCounter();
  const document = parsedText(text, what, lines);
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const [summary] = error.message.split(/ at line \d+/);
    refusePolicy(what, `cannot be read: ${lowerFirst(summary!)}`, placeOf(error.pos[0]));
  }
  visit(document, {
    Node(_, node) {
      const place = placeOf(node.range?.[0] ?? 0);
      if (isAlias(node)) refusePolicy(what, "has an alias; write the value where it is meant", place);
      if (node.anchor !== undefined) refusePolicy(what, "has an anchor; write the value where it is meant", place);
      if (node.tag !== undefined) refusePolicy(what, `has a tag, ${node.tag}`, place);
    },
    Pair(_, pair) {
      if (!isScalar(pair.key) || typeof pair.key.value !== "string") {
        refusePolicy(what, "has a key that is not a text", placeOf((pair.key as Node | null)?.range?.[0] ?? 0));
      }
    },
  });
  const place = (path: readonly (string | number)[]): Place => placeOf(offsetOf(document, path));
  const counter = { nodes: 0, place };
  return { value: plain(document.toJS({ maxAliasCount: 0 }), what, [], counter), place };
}

function parsedText(text: string, what: string, lineCounter: LineCounter): Document.Parsed {
  try {
    return parseDocument(text, { lineCounter, schema: "core", merge: false, uniqueKeys: true, strict: true });
  } catch (error) {
    if (error instanceof RangeError) return refusePolicy(what, "is nested too deeply");
    throw error;
  }
}

// The key of a map's entry, or the item of a list: where a reader would look.
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isCollection(node)) {
      node = node.get(key, true);
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

interface Counter {
  nodes: number;
  readonly place?: PolicyDocument["place"];
}

function plain(value: unknown, what: string, path: readonly (string | number)[], counter: Counter): JsonValue {
  const refuse = (why: string): never => refusePolicy(what, why, counter.place?.(path), path);
  if (path.length > depthMax) return refuse(`is nested more than ${depthMax} deep`);
  if (++counter.nodes > nodesMax) return refuse(`is one of more than ${nodesMax} values`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : refuse("must be a finite number");
  if (Array.isArray(value)) return value.map((item, index) => plain(item, what, [...path, index], counter));
  if (typeof value === "object") {
    const object: Record<string, JsonValue> = {};
    for (const [key, item] of Object.entries(value)) {
      if (key === "__proto__" || key === "constructor") return refuse(`has a key ${shown(key)}`);
      if (item !== undefined) object[key] = plain(item, what, [...path, key], counter);
    }
    return object;
  }
  return refuse(`must be plain data; found ${shown(value)}`);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

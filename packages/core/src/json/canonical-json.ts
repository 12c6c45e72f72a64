import { QmtlError } from "../errors/index.ts";
import { shown } from "../time/index.ts";
import { sortByCodePoint } from "./code-point-order.ts";
import { contextKeys } from "./context-keys.ts";
import { Float } from "./float.ts";
import { pythonFloat } from "./python-number.ts";
import { jsonDepthMax } from "./read-json.ts";

/**
 * The canonical text of a node's parameters: keys in code-point order, no blanks, non-ASCII raw, numbers as Python
 * prints them. Keys that say where and when a node runs (`world_id`, `execution_domain`, `as_of`, ...) are dropped
 * at every level, because a node is the same node in every world.
 *
 * Accepts what the wire reader returns, and plain values: a safe integer is written as an integer, any other number
 * (`-0` too) as a float, a `bigint` as an integer; `Float` says "float" of a whole number. A property that is
 * `undefined` is a missing one; `undefined` at the top is `null`. Strings are not normalised: NFC and NFD differ.
 *
 * @throws QmtlError `VALUE_NOT_HASHABLE`, with the path, for NaN, infinities, lone surrogates, `__proto__`, nesting
 *   deeper than 64, and anything that is not JSON: typed arrays, maps, sets, dates, class instances, functions, array
 *   holes. Those have more than one obvious JSON form, and two values of different shape must not get one id.
 */
export function canonicalParams(value: unknown): string {
  return write(value ?? null, paramsForm, 0, []);
}

/**
 * The text under `config_hash`, `schema_hash` and `dag_hash`: sorted keys, separators `", "` and `": "`, ASCII only,
 * nothing dropped. Accepts and refuses what `canonicalParams` does.
 */
export function sortedAsciiJson(value: unknown): string {
  return write(value ?? null, sortedAsciiForm, 0, []);
}

interface TextForm {
  readonly comma: string;
  readonly colon: string;
  readonly ascii: boolean;
  readonly dropped: ReadonlySet<string>;
}

const paramsForm: TextForm = { comma: ",", colon: ":", ascii: false, dropped: contextKeys };
const sortedAsciiForm: TextForm = { comma: ", ", colon: ": ", ascii: true, dropped: new Set() };

type Path = (string | number)[];

function write(value: unknown, form: TextForm, depth: number, path: Path): string {
  switch (typeof value) {
    case "string":
      return quoted(value, form, path);
    case "number":
      return writeNumber(value, path);
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      return value.toString();
    case "object":
      if (value === null) return "null";
      if (value instanceof Float) return pythonFloat(value.value);
      if (depth >= jsonDepthMax)
        refuse(path.slice(0, 3), `at most ${jsonDepthMax} levels of nesting and no cycle`, value);
      return Array.isArray(value)
        ? writeArray(value, form, depth + 1, path)
        : writeObject(value as Record<string, unknown>, form, depth + 1, path);
    default:
      return refuse(path, "a JSON value", value);
  }
}

function writeNumber(value: number, path: Path): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (!Number.isFinite(value)) refuse(path, "a finite number", value);
  return pythonFloat(value);
}

function writeArray(array: readonly unknown[], form: TextForm, depth: number, path: Path): string {
  // Holes and named properties would vanish from the text.
  if (Object.keys(array).length !== array.length) refuse(path, "an array without holes or named properties", array);
  let text = "[";
  for (let index = 0; index < array.length; index++) {
    path.push(index);
    if (index > 0) text += form.comma;
    text += write(array[index], form, depth, path);
    path.pop();
  }
  return `${text}]`;
}

function writeObject(object: Record<string, unknown>, form: TextForm, depth: number, path: Path): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  // A prototype without its own prototype is some realm's Object.prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuse(path, "a plain object or array", object);
  let text = "{";
  for (const key of sortByCodePoint(Object.keys(object))) {
    const value = object[key];
    if (value === undefined || form.dropped.has(key)) continue;
    path.push(key);
    if (key === "__proto__") refuse(path, 'no key "__proto__"', value);
    if (text.length > 1) text += form.comma;
    text += quoted(key, form, path) + form.colon + write(value, form, depth, path);
    path.pop();
  }
  return `${text}}`;
}

const needsCare = /[^ !#-[\]-~]/;

function quoted(text: string, form: TextForm, path: Path): string {
  if (!needsCare.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) refuse(path, "surrogates in pairs", text.toWellFormed());
  const json = JSON.stringify(text);
  return form.ascii ? json.replace(/[\u007f-\uffff]/g, escaped) : json;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function refuse(path: Path, expected: string, found: unknown): never {
  const where = path.length === 0 ? "the value" : path.map(String).join(".");
  throw new QmtlError("VALUE_NOT_HASHABLE", `${where} must be ${expected}; found ${shown(found)}`, {
    details: { path: [...path], expected, found: shown(found) },
    hint: hintFor(found),
  });
}

function hintFor(found: unknown): string {
  if (ArrayBuffer.isView(found) || found instanceof Set) return "write it as an array: [...values]";
  if (found instanceof Map) return "write it as an object: Object.fromEntries(map)";
  if (found instanceof Date) return "write it as text: date.toISOString()";
  return "identity is made of null, booleans, finite numbers, text, arrays and plain objects";
}

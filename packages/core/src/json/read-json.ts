import { QmtlError } from "../errors/index.ts";
import { compareCodePoints } from "./code-point-order.ts";
import { beyondAscii, codeUnitsOf } from "./code-units.ts";
import { contextKeys } from "./context-keys.ts";
import { Float } from "./float.ts";
import { pythonFloat } from "./python-number.ts";
import type { WireValue } from "./wire-value.ts";

/** Containers inside containers, the outermost counted: what is deeper is an attack or a cycle. */
export const jsonDepthMax = 64;

/**
 * Reads JSON text (RFC 8259) strictly, and keeps integers and floats apart (invariant D-1).
 *
 * Refused although many readers take it: `NaN` and infinities, numbers beyond the range of a double, a key that
 * occurs twice in one object, the key `__proto__`, lone surrogates, nesting deeper than 64, a byte order mark.
 * Text is compared by code point: no Unicode normalisation, so NFC and NFD forms are different strings.
 *
 * @param what - what the text is, for messages: "the request body"
 * @param valuesMax - how many values it may hold, for texts of strangers: a value costs many times the memory of its text
 * @param params - takes the canonical text of values of keys "params", where that is how they stand in the text
 * @throws QmtlError `JSON_INVALID` with line and column; `REQUEST_TOO_LARGE`
 */
export function readJson(
  text: string,
  what = "the JSON text",
  valuesMax = Number.POSITIVE_INFINITY,
  params?: Map<WireValue, string>,
): WireValue {
  // The most that fits into a text stands in it as "[],[],[]": two for every three characters.
  if (text.length > 1.5 * (valuesMax - 1) && holdsMoreThan(text, valuesMax)) {
    throw new QmtlError("REQUEST_TOO_LARGE", `${what} must hold at most ${valuesMax} values; found more`);
  }
  return new JsonReader(text, what, params).document();
}

// Every value but the first stands after a comma or an opening bracket. Looking for those takes a fraction of the time
// and none of the memory of reading.
function holdsMoreThan(text: string, valuesMax: number): boolean {
  let count = 1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x22) at = endOfString(text, at);
    else if ((unit === 0x2c || unit === 0x5b || unit === 0x7b) && ++count > valuesMax) return true;
  }
  return false;
}

/** The closing quote of the string that opens at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text.charCodeAt(before - 1) === 0x5c) before--;
    if ((quote - before) % 2 === 0) return quote;
  }
  return text.length;
}

const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const plainString = /[ !#-[\]-\ud7ff\ue000-\uffff]*/y;

// Of printable ASCII, what may stand in a string as it is.
const isPlain = Uint8Array.from({ length: 256 }, (_, unit) =>
  Number(unit >= 0x20 && unit < 0x80 && unit !== 0x22 && unit !== 0x5c),
);
const digitsMax = 15; // any number of so many is exact
/** What goes on behind digits as a number, or would be refused: `.`, `E`, `e`, and digits beyond `digitsMax`. */
const goesOn = Uint8Array.from({ length: 256 }, (_, unit) =>
  Number("0123456789.Ee".includes(String.fromCharCode(unit))),
);

/**
 * The keys of an object, in their order. Its next sibling in an array most likely has the same, and comparing a key that
 * is expected takes a fraction of the time of reading one and looking whether the object has it already.
 */
class Shape {
  readonly keys: KeyPlace[] = []; // each key once

  placeOf(key: string, next: number): number {
    for (let place = next; place < this.keys.length; place++) if (this.keys[place]!.key === key) return place;
    return -1;
  }

  has(key: string): boolean {
    return this.keys.some((known) => known.key === key);
  }

  add(key: string, units: Uint8Array): number {
    const before = this.keys.at(-1);
    const follows = before === undefined || (before.isCanonical && compareCodePoints(before.key, key) < 0);
    return this.keys.push(new KeyPlace(key, units, follows && !contextKeys.has(key))) - 1;
  }
}

/** A key, and what is known of its values. */
class KeyPlace {
  readonly key: string;
  readonly units: Uint8Array; // of the key with its quotes, as it stands in the text
  /** It and those before it stand in the order of canonical text, and in such a text at all. */
  readonly isCanonical: boolean;
  readonly isParams: boolean;
  /** Of values that are objects or arrays of objects. */
  inner: Shape | undefined;
  /** The last value that was a string, with and without its quotes: the next is often equal. */
  quoted: Uint8Array | undefined;
  string = "";
  changes = 0;

  constructor(key: string, units: Uint8Array, isCanonical: boolean) {
    // The engine finds properties by texts of its own, and looks for that of any other text first.
    this.key = Object.keys({ [key]: 0 })[0]!;
    this.units = unlessAlike(units);
    this.isCanonical = isCanonical;
    this.isParams = key === "params";
  }
}

const shapeKeysMax = 64;
const changesMax = 4; // of a string that is remembered

// A text with units beyond ASCII, which all look alike, cannot be told from others by them.
const nowhere = Uint8Array.of(0x80);
const unlessAlike = (units: Uint8Array): Uint8Array => (units.includes(beyondAscii) ? nowhere : units);

class JsonReader {
  readonly #text: string;
  readonly #units: Uint8Array;
  readonly #what: string;
  readonly #params: Map<WireValue, string> | undefined;
  #at = 0;
  #depth = 0;
  #canonicalFrom = 0; // from here on everything stands as `canonicalParams` writes it

  constructor(text: string, what: string, params?: Map<WireValue, string>) {
    this.#text = text;
    this.#units = codeUnitsOf(text);
    this.#what = what;
    this.#params = params;
  }

  document(): WireValue {
    const value = this.#value(new Shape());
    this.#skipBlanks();
    if (this.#at < this.#text.length) this.#fail("the end of the text");
    return value;
  }

  #value(shape: Shape | undefined): WireValue {
    this.#skipBlanks();
    switch (this.#units[this.#at]) {
      case 0x7b: {
        this.#descend();
        const object = this.#object(shape);
        this.#depth--;
        return object;
      }
      case 0x5b: {
        this.#descend();
        const array = this.#array(shape);
        this.#depth--;
        return array;
      }
      case 0x22:
        return this.#string();
      case 0x74:
        return this.#word("true", true);
      case 0x66:
        return this.#word("false", false);
      case 0x6e:
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #descend(): void {
    if (++this.#depth > jsonDepthMax) this.#fail(`at most ${jsonDepthMax} levels of nesting`);
  }

  #object(shape: Shape | undefined): WireValue {
    const object: Record<string, WireValue> = {};
    this.#at++;
    if (this.#taken(0x7d)) return object;
    let next = 0; // of the shape's keys: those from here on are not in the object
    do {
      this.#skipBlanks();
      let place = shape?.keys[next];
      let key: string;
      if (place !== undefined && this.#stands(place.units)) {
        this.#at += place.units.length;
        key = place.key;
        next++;
      } else {
        const keyAt = this.#at;
        key = this.#newKey(object);
        const found = this.#placeIn(shape, key, next, keyAt);
        place = shape?.keys[found];
        if (place !== undefined) next = found + 1;
      }
      if (place?.isCanonical !== true) this.#canonicalFrom = this.#at;
      if (!this.#taken(0x3a)) this.#fail('":"');
      object[key] = place === undefined ? this.#value(undefined) : this.#valueOf(place);
    } while (this.#taken(0x2c));
    if (!this.#taken(0x7d)) this.#fail('"," or "}"');
    return object;
  }

  /** Where the shape has the key from `next` on; at its end where it did not have it at all; else -1. */
  #placeIn(shape: Shape | undefined, key: string, next: number, keyAt: number): number {
    if (shape === undefined) return -1;
    const place = shape.placeOf(key, next);
    if (place !== -1 || next < shape.keys.length || next >= shapeKeysMax || shape.has(key)) return place;
    return shape.add(key, this.#units.slice(keyAt, this.#at));
  }

  #valueOf(place: KeyPlace): WireValue {
    if (place.quoted !== undefined && this.#stands(place.quoted)) {
      this.#at += place.quoted.length;
      return place.string;
    }
    const start = this.#at;
    const value = this.#value((place.inner ??= this.#shapeAhead()));
    if (typeof value === "string") this.#remember(place, value, start);
    else if (place.isParams && start >= this.#canonicalFrom)
      this.#params?.set(value, this.#text.slice(start, this.#at));
    return value;
  }

  /** For the next object's value of the key; not where it is another one each time. */
  #remember(place: KeyPlace, value: string, start: number): void {
    if (place.changes > changesMax) return;
    const isPlain = start + value.length + 2 === this.#at; // no blanks, no escapes
    place.quoted =
      isPlain && ++place.changes <= changesMax ? unlessAlike(this.#units.slice(start, this.#at)) : undefined;
    place.string = value;
  }

  #stands(expected: Uint8Array): boolean {
    const [units, start] = [this.#units, this.#at];
    for (let index = 0; index < expected.length; index++) if (units[start + index] !== expected[index]) return false;
    return true;
  }

  #newKey(object: object): string {
    const keyAt = this.#at;
    if (this.#units[keyAt] !== 0x22) this.#fail("a key in double quotes");
    const key = this.#string();
    if (key === "__proto__") this.#fail('a key other than "__proto__"', keyAt);
    if (Object.hasOwn(object, key)) this.#fail(`each key once; ${JSON.stringify(key)} occurs twice`, keyAt);
    return key;
  }

  /** For a value that may hold objects. */
  #shapeAhead(): Shape | undefined {
    this.#skipBlanks();
    const first = this.#units[this.#at];
    return first === 0x7b || first === 0x5b ? new Shape() : undefined;
  }

  #array(shape: Shape | undefined): WireValue {
    const array: WireValue[] = [];
    this.#at++;
    if (this.#taken(0x5d)) return array;
    do array.push(this.#value(shape));
    while (this.#taken(0x2c));
    if (!this.#taken(0x5d)) this.#fail('"," or "]"');
    return array;
  }

  #string(): string {
    const start = this.#at;
    const end = this.#endOfPlainRun(start + 1);
    if (this.#units[end] !== 0x22) return this.#escapedString(start);
    this.#at = end + 1;
    return this.#text.slice(start + 1, end); // nearly every string; a plain run holds no surrogates
  }

  #endOfPlainRun(from: number): number {
    const units = this.#units;
    let at = from;
    while (isPlain[units[at]!] === 1) at++;
    if (units[at] !== beyondAscii) return at;
    plainString.lastIndex = at;
    plainString.test(this.#text); // always does, and leaves its end in lastIndex
    return plainString.lastIndex;
  }

  // The platform reads escapes faster than anything that goes letter by letter; what it refuses is read again for the
  // place to name.
  #escapedString(start: number): string {
    this.#canonicalFrom = start + 1; // there is more than one way to write it
    const end = endOfString(this.#text, start);
    try {
      const result = JSON.parse(this.#text.slice(start, end + 1)) as string;
      if (result.isWellFormed()) {
        this.#at = end + 1;
        return result;
      }
    } catch {
      // not a string: see below
    }
    return this.#refusedString(start);
  }

  #refusedString(start: number): never {
    this.#at = start + 1;
    for (;;) {
      this.#at = this.#endOfPlainRun(this.#at);
      const next = this.#text[this.#at];
      // Escapes and raw code units may pair up, so this is only known once the string is whole.
      if (next === '"') this.#fail("surrogates in pairs", start);
      if (next === undefined) this.#fail("a closing double quote");
      if (next < " ") this.#fail("control characters escaped in strings");
      if (next === "\\") this.#skipEscape();
      else this.#at++;
    }
  }

  #skipEscape(): void {
    const letter = this.#text[this.#at + 1] ?? "";
    if (letter === "u") {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail("four hex digits after \\u");
      this.#at += 6;
      return;
    }
    if (letter === "" || !'"\\/bfnrt'.includes(letter)) {
      this.#fail('one of the escapes \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u');
    }
    this.#at += 2;
  }

  #number(): WireValue {
    const [units, start] = [this.#units, this.#at];
    let value = 0;
    let at = start;
    for (; at < start + digitsMax; at++) {
      const digit = units[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = 10 * value + digit;
    }
    // Nearly every number: an integer of few digits.
    const isWhole = at > start && goesOn[units[at]!] === 0 && (units[start] !== 0x30 || at === start + 1);
    if (!isWhole) return this.#anyNumber();
    this.#at = at;
    return value;
  }

  #anyNumber(): WireValue {
    number.lastIndex = this.#at;
    const match = number.exec(this.#text);
    if (match === null) this.#fail("a JSON value");
    const value = Number(match[0]);
    if (!Number.isFinite(value)) this.#fail("a number within the range of a double");
    this.#at += match[0].length;
    if (match[1] !== undefined || match[2] !== undefined) {
      if (match[0] !== pythonFloat(value)) this.#canonicalFrom = this.#at;
      return new Float(value);
    }
    if (match[0] === "-0") this.#canonicalFrom = this.#at;
    if (value === 0) return 0; // the integer "-0" is 0; only a float has a signed zero
    return Number.isSafeInteger(value) ? value : BigInt(match[0]);
  }

  #word<Value extends WireValue>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail("a JSON value");
    this.#at += word.length;
    return value;
  }

  #taken(unit: number): boolean {
    if (this.#units[this.#at] !== unit) this.#skipBlanks();
    if (this.#units[this.#at] !== unit) return false;
    this.#at++;
    return true;
  }

  #skipBlanks(): void {
    const units = this.#units;
    let at = this.#at;
    while (units[at] === 0x20 || units[at] === 0x0a || units[at] === 0x0d || units[at] === 0x09) at++;
    if (at === this.#at) return;
    this.#at = at;
    this.#canonicalFrom = at;
  }

  #fail(expected: string, at = this.#at): never {
    const before = this.#text.slice(0, at).split("\n");
    const [line, column] = [before.length, before.at(-1)!.length + 1];
    const rest = this.#text.slice(at, at + 20).toWellFormed();
    const found = rest === "" ? "the end of the text" : JSON.stringify(rest);
    throw new QmtlError(
      "JSON_INVALID",
      `${this.#what}, line ${line}, column ${column}: expected ${expected}; found ${found}`,
      { details: { line, column, offset: at, expected } },
    );
  }
}

import { QmtlError } from "../errors/index.ts";
import { Float } from "./float.ts";
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
 * @throws QmtlError `JSON_INVALID` with line and column; `REQUEST_TOO_LARGE`
 */
export function readJson(text: string, what = "the JSON text", valuesMax = Number.POSITIVE_INFINITY): WireValue {
  if (text.length > valuesMax && holdsMoreThan(text, valuesMax)) {
    throw new QmtlError("REQUEST_TOO_LARGE", `${what} must hold at most ${valuesMax} values; found more`);
  }
  return new JsonReader(text, what).document();
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

/**
 * The keys of an object, in their order. Its next sibling in an array most likely has the same, and comparing a key that
 * is expected takes a fraction of the time of reading one and looking whether the object has it already.
 */
class Shape {
  readonly keys: string[] = []; // each once
  readonly texts: string[] = []; // with their quotes, as they stand in the text
  readonly values: (Shape | undefined)[] = []; // of the values that are objects or arrays of objects
}

const shapeKeysMax = 64;

class JsonReader {
  readonly #text: string;
  readonly #what: string;
  #at = 0;
  #depth = 0;

  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  document(): WireValue {
    const value = this.#value(new Shape());
    this.#skipBlanks();
    if (this.#at < this.#text.length) this.#fail("the end of the text");
    return value;
  }

  #value(shape: Shape | undefined): WireValue {
    this.#skipBlanks();
    switch (this.#text[this.#at]) {
      case "{": {
        this.#descend();
        const object = this.#object(shape);
        this.#depth--;
        return object;
      }
      case "[": {
        this.#descend();
        const array = this.#array(shape);
        this.#depth--;
        return array;
      }
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
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
    if (this.#taken("}")) return object;
    let next = 0; // of the shape's keys: those from here on are not in the object
    do {
      this.#skipBlanks();
      const expected = shape?.texts[next];
      let key: string;
      let place: number;
      if (expected !== undefined && this.#text.startsWith(expected, this.#at)) {
        this.#at += expected.length;
        key = shape!.keys[next]!;
        place = next;
      } else {
        const keyAt = this.#at;
        key = this.#newKey(object);
        place = placeIn(shape, key, next, this.#text.slice(keyAt, this.#at));
      }
      if (place >= 0) next = place + 1;
      if (!this.#taken(":")) this.#fail('":"');
      object[key] = this.#value(place < 0 ? undefined : (shape!.values[place] ??= this.#shapeAhead()));
    } while (this.#taken(","));
    if (!this.#taken("}")) this.#fail('"," or "}"');
    return object;
  }

  #newKey(object: object): string {
    const keyAt = this.#at;
    if (this.#text[keyAt] !== '"') this.#fail("a key in double quotes");
    const key = this.#string();
    if (key === "__proto__") this.#fail('a key other than "__proto__"', keyAt);
    if (Object.hasOwn(object, key)) this.#fail(`each key once; ${JSON.stringify(key)} occurs twice`, keyAt);
    return key;
  }

  /** For a value that may hold objects. */
  #shapeAhead(): Shape | undefined {
    this.#skipBlanks();
    const first = this.#text[this.#at];
    return first === "{" || first === "[" ? new Shape() : undefined;
  }

  #array(shape: Shape | undefined): WireValue {
    const array: WireValue[] = [];
    this.#at++;
    if (this.#taken("]")) return array;
    do array.push(this.#value(shape));
    while (this.#taken(","));
    if (!this.#taken("]")) this.#fail('"," or "]"');
    return array;
  }

  #string(): string {
    const start = this.#at;
    const end = this.#endOfPlainRun(start + 1);
    if (this.#text[end] !== '"') return this.#escapedString(start);
    this.#at = end + 1;
    return this.#text.slice(start + 1, end); // nearly every string; a plain run holds no surrogates
  }

  #endOfPlainRun(from: number): number {
    plainString.lastIndex = from;
    plainString.test(this.#text); // always does, and leaves its end in lastIndex
    return plainString.lastIndex;
  }

  // The platform reads escapes faster than anything that goes letter by letter; what it refuses is read again for the
  // place to name.
  #escapedString(start: number): string {
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
    number.lastIndex = this.#at;
    const match = number.exec(this.#text);
    if (match === null) this.#fail("a JSON value");
    const value = Number(match[0]);
    if (!Number.isFinite(value)) this.#fail("a number within the range of a double");
    this.#at += match[0].length;
    if (match[1] !== undefined || match[2] !== undefined) return new Float(value);
    if (value === 0) return 0; // the integer "-0" is 0; only a float has a signed zero
    return Number.isSafeInteger(value) ? value : BigInt(match[0]);
  }

  #word<Value extends WireValue>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail("a JSON value");
    this.#at += word.length;
    return value;
  }

  #taken(character: string): boolean {
    if (this.#text[this.#at] !== character) this.#skipBlanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipBlanks(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    }
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

/** Where the shape has the key from `next` on; at its end where it did not have it at all; else -1. */
function placeIn(shape: Shape | undefined, key: string, next: number, text: string): number {
  if (shape === undefined) return -1;
  const place = shape.keys.indexOf(key, next);
  if (place !== -1 || next < shape.keys.length || next >= shapeKeysMax || shape.keys.includes(key)) return place;
  shape.texts.push(text);
  return shape.keys.push(key) - 1;
}

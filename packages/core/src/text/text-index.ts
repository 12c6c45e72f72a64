import { Numbered } from "./numbered.ts";

/**
 * Texts by number, in the order they came, and numbers by text. A map of the runtime goes through several places of memory
 * for a text that it does not have, and through all of its keys at once when it grows, which takes milliseconds for some ten
 * thousand; this goes to one place, and grows a little with every text.
 */
export class TextIndex {
  readonly #texts = new Numbered<string>();
  readonly #from: number;
  readonly #to: number;
  #slots = new Int32Array(2 * slotsMin); // pairs: hash of the text, its number + 1; 0 where there is none
  #before: Int32Array | undefined; // the slots it had, until all of them are among those it has
  #moved = 0; // of those

  /** @param part - of the texts, that is different in nearly all of them; all of each unless told */
  constructor({ from, to } = { from: 0, to: Number.POSITIVE_INFINITY }) {
    this.#from = from;
    this.#to = to;
  }

  get size(): number {
    return this.#texts.length;
  }

  textOf(number: number): string | undefined {
    return number < this.#texts.length ? this.#texts.get(number) : undefined;
  }

  numberOf(text: string): number | undefined {
    const hash = this.#hashOf(text);
    const number = this.#find(text, hash, this.#slots);
    return number === undefined && this.#before !== undefined ? this.#find(text, hash, this.#before) : number;
  }

  /** @param text - one that is not there */
  add(text: string): number {
    if (4 * this.#texts.length >= this.#slots.length) {
      [this.#before, this.#moved] = [this.#slots, 0];
      this.#slots = new Int32Array(2 * this.#before.length);
    }
    if (this.#before !== undefined) this.#moveSome(this.#before);
    const number = this.#texts.push(text);
    put(this.#hashOf(text), number + 1, this.#slots);
    return number;
  }

  #hashOf(text: string): number {
    const to = Math.min(text.length, this.#to);
    let hash = 0;
    for (let at = this.#from; at < to; at++) hash = Math.imul(hash, 31) + text.charCodeAt(at);
    hash = Math.imul(hash, 0x9e3779b1);
    return hash ^ (hash >>> 15);
  }

  #find(text: string, hash: number, slots: Int32Array): number | undefined {
    for (let at = firstSlot(hash, slots); slots[at + 1] !== 0; at = nextSlot(at, slots)) {
      const number = slots[at + 1]! - 1;
      if (slots[at] === hash && this.#texts.get(number) === text) return number;
    }
    return undefined;
  }

  // Done long before it grows again: there were two slots for each text that comes until then.
  #moveSome(before: Int32Array): void {
    const to = Math.min(before.length, this.#moved + 2 * movedAtOnce);
    for (let at = this.#moved; at < to; at += 2) {
      if (before[at + 1] !== 0) put(before[at]!, before[at + 1]!, this.#slots);
    }
    this.#moved = to;
    if (to === before.length) this.#before = undefined;
  }
}

const slotsMin = 1_024;
const movedAtOnce = 32; // slots

function firstSlot(hash: number, slots: Int32Array): number {
  return 2 * (hash & (slots.length / 2 - 1));
}

function nextSlot(at: number, slots: Int32Array): number {
  return (at + 2) & (slots.length - 1);
}

function put(hash: number, value: number, slots: Int32Array): void {
  let at = firstSlot(hash, slots);
  while (slots[at + 1] !== 0) at = nextSlot(at, slots);
  slots[at] = hash;
  slots[at + 1] = value;
}

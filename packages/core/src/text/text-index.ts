/**
 * Texts by number, in the order they came, and numbers by text. A map of the runtime goes through several places of memory
 * for a text that it does not have, and through all of its keys when it grows, which takes milliseconds for some ten
 * thousand; this goes to one place, and grows by numbers alone.
 */
export class TextIndex {
  readonly #texts: string[] = [];
  readonly #from: number;
  readonly #to: number;
  #slots = new Int32Array(2 * slotsMin); // pairs: hash of the text, its number + 1; 0 where there is none

  /** @param part - of the texts, that is different in nearly all of them; all of each unless told */
  constructor({ from, to } = { from: 0, to: Number.POSITIVE_INFINITY }) {
    this.#from = from;
    this.#to = to;
  }

  get size(): number {
    return this.#texts.length;
  }

  textOf(number: number): string | undefined {
    return this.#texts[number];
  }

  numberOf(text: string): number | undefined {
    const slots = this.#slots;
    const hash = this.#hashOf(text);
    for (let at = firstSlot(hash, slots); slots[at + 1] !== 0; at = nextSlot(at, slots)) {
      const number = slots[at + 1]! - 1;
      if (slots[at] === hash && this.#texts[number] === text) return number;
    }
    return undefined;
  }

  /** @param text - one that is not there */
  add(text: string): number {
    if (4 * this.#texts.length >= this.#slots.length) this.#grow();
    const number = this.#texts.push(text) - 1;
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

  #grow(): void {
    const [from, to] = [this.#slots, new Int32Array(2 * this.#slots.length)];
    for (let at = 0; at < from.length; at += 2) if (from[at + 1] !== 0) put(from[at]!, from[at + 1]!, to);
    this.#slots = to;
  }
}

const slotsMin = 1_024;

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

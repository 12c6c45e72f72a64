/**
 * Ids of nodes by number, in the order they came, and numbers by id. A map of the runtime goes through several places of
 * memory for an id that it does not have, and all of its keys when it grows; this goes to one, and to none of the ids.
 */
export class NodeIndex {
  readonly #ids: string[] = [];
  #slots = new Int32Array(2 * slotsMin); // pairs: hash of the id, its number + 1; 0 where there is none

  get size(): number {
    return this.#ids.length;
  }

  idOf(number: number): string | undefined {
    return this.#ids[number];
  }

  numberOf(id: string): number | undefined {
    const slots = this.#slots;
    const hash = hashOf(id);
    for (let at = firstSlot(hash, slots); slots[at + 1] !== 0; at = nextSlot(at, slots)) {
      const number = slots[at + 1]! - 1;
      if (slots[at] === hash && this.#ids[number] === id) return number;
    }
    return undefined;
  }

  /** @param id - one that is not there */
  add(id: string): number {
    if (4 * this.#ids.length >= this.#slots.length) this.#grow();
    const number = this.#ids.push(id) - 1;
    put(hashOf(id), number + 1, this.#slots);
    return number;
  }

  #grow(): void {
    const [from, to] = [this.#slots, new Int32Array(2 * this.#slots.length)];
    for (let at = 0; at < from.length; at += 2) if (from[at + 1] !== 0) put(from[at]!, from[at + 1]!, to);
    this.#slots = to;
  }
}

const slotsMin = 1_024;
const hashedFrom = "blake3:".length;
const hashedTo = hashedFrom + 12;

/** Of ids that are hashes a few digits tell as much as all of them. */
function hashOf(id: string): number {
  let hash = 0;
  for (let at = hashedFrom; at < hashedTo; at++) hash = Math.imul(hash, 31) + id.charCodeAt(at);
  return Math.imul(hash, 0x9e3779b1) | 0;
}

function firstSlot(hash: number, slots: Int32Array): number {
  return 2 * ((hash ^ (hash >>> 15)) & (slots.length / 2 - 1));
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

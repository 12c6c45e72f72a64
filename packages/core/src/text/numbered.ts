/** Values by number from 0, in pages: a list of the runtime copies all it has whenever it grows. */
export class Numbered<Value> {
  readonly #pages: Value[][] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @param number - of a value that is there */
  get(number: number): Value {
    return this.#pages[number >> pageBits]![number & pageMask]!;
  }

  set(number: number, value: Value): void {
    this.#pages[number >> pageBits]![number & pageMask] = value;
  }

  push(value: Value): number {
    const number = this.#length++;
    if ((number & pageMask) === 0) this.#pages.push([]);
    this.#pages[number >> pageBits]!.push(value);
    return number;
  }

  *values(): Generator<Value> {
    for (const page of this.#pages) yield* page;
  }
}

const pageBits = 10;
const pageMask = (1 << pageBits) - 1;

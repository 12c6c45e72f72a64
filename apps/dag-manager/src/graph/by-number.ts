/** Values by number. Numbers that are used lie close together, so that a page of them is looked up once for many. */
export class ByNumber<Value> {
  readonly #pages = new Map<number, (Value | undefined)[]>();

  get(number: number): Value | undefined {
    return this.#pages.get(number >> pageBits)?.[number & pageMask];
  }

  set(number: number, value: Value): void {
    let page = this.#pages.get(number >> pageBits);
    if (page === undefined) {
      page = Array.from<undefined>({ length: pageMask + 1 });
      this.#pages.set(number >> pageBits, page);
    }
    page[number & pageMask] = value;
  }

  delete(number: number): void {
    const page = this.#pages.get(number >> pageBits);
    if (page !== undefined) page[number & pageMask] = undefined;
  }

  *values(): Generator<Value> {
    for (const page of this.#pages.values()) for (const value of page) if (value !== undefined) yield value;
  }
}

const pageBits = 8;
const pageMask = (1 << pageBits) - 1;

/**
 * An array of known length whose elements are made when somebody looks: one at its index, all with whatever else is
 * asked but the length. A run of a million bars has tens of thousands of orders, and most readers want to know how many.
 *
 * @param make - makes the element at an index; called once for each
 */
export function lazyArray<T extends object>(length: number, make: (index: number) => T): readonly T[] {
  const elements: T[] = []; // empty, or whole
  const single = new Map<number, T>(); // those that were asked for by themselves
  const elementAt = (index: number): T | undefined => {
    if (!(index < length) || elements.length === length) return elements[index];
    const known = single.get(index);
    if (known !== undefined) return known;
    const element = make(index);
    single.set(index, element);
    return element;
  };
  const whole = (): readonly T[] => {
    if (elements.length === length) return elements;
    for (let index = 0; index < length; index++) elements.push(single.get(index) ?? make(index));
    single.clear();
    return elements;
  };
  // What Node.js prints is the array behind the proxy, unless that says otherwise.
  Object.defineProperty(elements, Symbol.for("nodejs.util.inspect.custom"), { value: () => whole().slice() });
  return new Proxy(elements, {
    get(target, key) {
      if (key === "length") return length;
      if (typeof key === "string" && isIndex(key)) return elementAt(Number(key));
      const value: unknown = Reflect.get(whole(), key);
      // Methods work on the array itself: through a proxy every element would be asked for again.
      return typeof value === "function" && key !== "constructor" ? (value.bind(target) as unknown) : value;
    },
    has: (_, key) => Reflect.has(whole(), key),
    ownKeys: () => Reflect.ownKeys(whole()),
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(whole(), key),
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}

function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(key);
}

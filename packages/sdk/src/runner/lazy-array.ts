/**
 * An array of known length whose elements are made when somebody looks: one at its index, all with whatever else is
 * asked but the length. A run of a million bars has tens of thousands of orders, and most readers want to know how many.
 *
 * @param make - makes the element at an index, an object; called once for each
 */
export function lazyArray<T extends object>(length: number, make: (index: number) => T): readonly T[] {
  const elements = Array.from<T | undefined>({ length: 0 });
  elements.length = length;
  let missing = length;
  const elementAt = (index: number): T | undefined => {
    if (!(index < length) || elements[index] !== undefined) return elements[index];
    missing--;
    return (elements[index] = make(index));
  };
  const whole = (): readonly (T | undefined)[] => {
    if (missing > 0) for (let index = 0; index < length; index++) elementAt(index);
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
  }) as readonly T[];
}

function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(key);
}

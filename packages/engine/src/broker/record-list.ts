/** A read-only list that grows as the run goes on; its elements are made when they are read, and not kept. */
export interface RecordList<T> extends Iterable<T> {
  readonly length: number;
  /** The element at `index`, 0-based; undefined outside the list. */
  at(index: number): T | undefined;
  toArray(): readonly T[];
}

export function recordList<T>(length: () => number, make: (index: number) => T): RecordList<T> {
  return {
    get length() {
      return length();
    },
    at: (index) => (Number.isInteger(index) && index >= 0 && index < length() ? make(index) : undefined),
    toArray: () => Array.from({ length: length() }, (_, index) => make(index)),
    *[Symbol.iterator]() {
      for (let index = 0; index < length(); index++) yield make(index);
    },
  };
}

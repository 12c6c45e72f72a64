interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** What is still to happen, earliest first; of one instant, what was put in first. A binary heap. */
export class Timeline {
  readonly #heap: Entry[] = [];
  #added = 0;

  add(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const entry = { atMs, order: this.#added++, run };
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
  }

  get nextMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  take(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

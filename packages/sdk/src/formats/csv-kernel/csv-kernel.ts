import { fusionProbe, probePages } from "./fusion-probe.ts";
import { columnStride, memoryPages, slotAddress, slotMap, tables } from "./memory-map.ts";
import { rowKernel, straightMax } from "./row-kernel.ts";

/** How the columns of a file are read, once its first rows have shown it. */
export interface CsvLayout {
  readonly kinds: Uint8Array; // `columnKind` per column
  readonly delimiter: number; // byte
  readonly decimal: number; // byte
}

/** What the runtime's WebAssembly has that the types of this package do not know. */
interface WebAssemblyLike {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => KernelMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: KernelMemory } },
  ) => { readonly exports: { readonly run: (...words: readonly number[]) => number } };
}

export interface KernelMemory {
  readonly buffer: SharedArrayBuffer;
}

const wasm = (globalThis as { WebAssembly?: WebAssemblyLike }).WebAssembly;
/** By the kinds of the columns, "" for those of any, and whether products are fused. */
const modules = new Map<string, object>();
let fusion: boolean | undefined;

/** False where the runtime was started without WebAssembly. */
export const hasKernel = wasm !== undefined;

/** Memory of a kernel, which another thread may look at: slots of text with the rows that the kernel found in it. */
export class KernelSlots {
  readonly memory: KernelMemory;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly numbers: Float64Array<SharedArrayBuffer>;

  constructor(memory: KernelMemory = newMemory()) {
    this.memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.numbers = new Float64Array(memory.buffer);
  }

  get(slot: number, field: keyof typeof slotMap): number {
    return this.words[this.wordOf(slot, field)]!;
  }

  set(slot: number, field: keyof typeof slotMap, value: number): void {
    this.words[this.wordOf(slot, field)] = value;
  }

  wordOf(slot: number, field: keyof typeof slotMap): number {
    return (slotAddress(slot) + slotMap[field]) >> 2;
  }

  /** Rows `from..to-1` of a column of the slot's block. */
  column(slot: number, column: number, columnCount: number, from: number, to: number): Float64Array {
    const stride = columnStride(this.get(slot, "to") - this.get(slot, "from"), columnCount);
    const start = (slotAddress(slot) + slotMap.block + column * stride) >> 3;
    return this.numbers.subarray(start + from, start + to);
  }

  /** Lines the kernel left alone: after so many rows, from one address to another. */
  *oddRuns(slot: number): Generator<{ readonly rowsBefore: number; readonly from: number; readonly to: number }> {
    const first = this.wordOf(slot, "odd");
    for (let run = 0; run < this.get(slot, "oddCount"); run++) {
      const [rowsBefore = 0, from = 0, to = 0] = this.words.subarray(first + 3 * run, first + 3 * run + 3);
      yield { rowsBefore, from, to };
    }
  }
}

/** Parses what stands in its slots. One per thread. */
export class CsvKernel extends KernelSlots {
  #layout: CsvLayout = { kinds: new Uint8Array(0), delimiter: 0, decimal: 0 };
  #run: (...words: readonly number[]) => number = () => 0;
  #runs: string | undefined; // what it was made for: see `modules`
  readonly #fuses: boolean;

  /** @param fuses - whether the processor takes a product from a number without rounding it; found out unless given */
  constructor(memory?: KernelMemory, fuses: boolean = (fusion ??= fusesProducts())) {
    super(memory);
    this.#fuses = fuses;
  }

  setLayout(layout: CsvLayout): void {
    const { kinds } = layout;
    this.#layout = layout;
    this.bytes.set(kinds, tables.kinds);
    const ownCode = kinds.length <= straightMax ? [...kinds] : undefined;
    const made = `${ownCode?.join() ?? ""} ${this.#fuses}`;
    if (made === this.#runs) return;
    this.#runs = made;
    const module = modules.get(made) ?? new wasm!.Module(rowKernel(this.#fuses, ownCode));
    modules.set(made, module);
    // Not kept for another time: an instance puts the constants of its code into the memory as it is made.
    this.#run = new wasm!.Instance(module, { env: { memory: this.memory } }).exports.run;
  }

  /** Puts a text of whole lines, at most `textCapacity` bytes, into a slot. */
  fill(slot: number, text: Uint8Array): void {
    const start = textOf(slot);
    this.bytes.set(text, start);
    this.set(slot, "from", start);
    this.set(slot, "to", start + text.length);
  }

  /** Parses the text of a slot, whole lines between its `from` and `to`. */
  parse(slot: number): void {
    const { kinds, delimiter, decimal } = this.#layout;
    const [from, to] = [this.get(slot, "from"), this.get(slot, "to")];
    const stride = columnStride(to - from, kinds.length);
    const rows = from === to ? 0 : this.#run(slotAddress(slot), from, to, stride, kinds.length, delimiter, decimal);
    if (from === to) this.set(slot, "oddCount", 0);
    this.set(slot, "rows", rows);
  }
}

export function textOf(slot: number): number {
  return slotAddress(slot) + slotMap.text;
}

function newMemory(pages = memoryPages): KernelMemory {
  return new wasm!.Memory({ initial: pages, maximum: pages, shared: true });
}

function fusesProducts(): boolean {
  const probe = new wasm!.Instance(new wasm!.Module(fusionProbe()), { env: { memory: newMemory(probePages) } });
  return probe.exports.run() === 1;
}

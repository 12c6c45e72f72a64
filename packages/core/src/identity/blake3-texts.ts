import { utf8Into } from "../json/index.ts";
import { blake3Kernel, kernelMap, kernelTextBytes, kernelTexts } from "./blake3-kernel.ts";
import { blake3Text } from "./hash.ts";

type HashText = `blake3:${string}`;

/** What every runtime has and the types of this package do not know. */
interface Runtime {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object) => {
      readonly exports: { readonly run: (count: number) => void; readonly memory: { readonly buffer: ArrayBuffer } };
    };
  };
}

const runtime = globalThis as unknown as Runtime;

/**
 * `blake3Text` of many texts, in a quarter of the time: the way into WebAssembly is gone once for many of them, and four
 * are hashed at once.
 */
export function blake3Texts(texts: readonly string[]): HashText[] {
  kernel ??= new TextKernel();
  const hashes: HashText[] = [];
  for (let from = 0; from < texts.length; from += kernelTexts) kernel.hash(texts, from, hashes);
  return hashes;
}

let kernel: TextKernel | undefined; // made when it is first needed: most programs hash few texts

class TextKernel {
  readonly #run: (count: number) => void;
  readonly #lengths: Int32Array;
  readonly #hex: Uint8Array;
  readonly #slots: readonly Uint8Array[];
  readonly #codes = Array.from(`blake3:${"0".repeat(64)}`, (letter) => letter.charCodeAt(0));

  constructor() {
    const { run, memory } = new runtime.WebAssembly.Instance(new runtime.WebAssembly.Module(blake3Kernel())).exports;
    this.#run = run;
    this.#lengths = new Int32Array(memory.buffer, kernelMap.lengths, kernelTexts);
    this.#hex = new Uint8Array(memory.buffer, kernelMap.hex, 64 * kernelTexts);
    this.#slots = Array.from(
      { length: kernelTexts },
      (_, slot) => new Uint8Array(memory.buffer, kernelMap.texts + slot * kernelTextBytes, kernelTextBytes),
    );
  }

  /** Appends the hashes of the texts from one on, as many as there are slots. */
  hash(texts: readonly string[], from: number, hashes: HashText[]): void {
    const count = Math.min(kernelTexts, texts.length - from);
    const long: number[] = [];
    for (let slot = 0; slot < count; slot++) {
      const text = texts[from + slot]!;
      const { read, written } = utf8Into(text, this.#slots[slot]!);
      const fits = read === text.length;
      if (!fits) long.push(from + slot);
      this.#lengths[slot] = fits ? written : 0;
    }
    this.#lengths.fill(0, count); // what is left of the last four
    this.#run(count);
    for (let slot = 0; slot < count; slot++) hashes.push(this.#hashAt(slot));
    for (const index of long) hashes[index] = blake3Text(texts[index]!);
  }

  #hashAt(slot: number): HashText {
    const codes = this.#codes;
    for (let digit = 0; digit < 64; digit++) codes[7 + digit] = this.#hex[64 * slot + digit]!;
    return String.fromCharCode.apply(null, codes) as HashText;
  }
}

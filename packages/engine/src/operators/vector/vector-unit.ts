import { columnMemory, inColumnMemory, type ColumnMemory } from "../../columns/index.ts";
import { encodeModule, f64x2, type FunctionSource } from "./assembler.ts";
import { accountRows } from "./account-rows.ts";
import { bandBlocks, meanBlocks } from "./blocks.ts";
import { crossingRows } from "./crossings.ts";
import { extremesOfFour, extremesOfMany, extremesOfWindows } from "./extremes.ts";
import { convergenceGroups, exponentialGroups, rangeGroups, strengthGroups } from "./recursions.ts";
import { meansOfThree, placesInRange } from "./rows.ts";
import { stochasticRows } from "./stochastic.ts";

const sources = {
  meanBlocks,
  bandBlocks,
  maximaOfFour: extremesOfFour(f64x2.larger),
  maximaOfMany: extremesOfMany(f64x2.larger),
  maximaOfWindows4: extremesOfWindows(f64x2.larger, 4),
  maximaOfWindows8: extremesOfWindows(f64x2.larger, 8),
  maximaOfWindows16: extremesOfWindows(f64x2.larger, 16),
  minimaOfFour: extremesOfFour(f64x2.smaller),
  minimaOfMany: extremesOfMany(f64x2.smaller),
  minimaOfWindows4: extremesOfWindows(f64x2.smaller, 4),
  minimaOfWindows8: extremesOfWindows(f64x2.smaller, 8),
  minimaOfWindows16: extremesOfWindows(f64x2.smaller, 16),
  exponentialGroups,
  rangeGroups,
  strengthGroups,
  convergenceGroups,
  meansOfThree,
  placesInRange,
  stochasticRows4: stochasticRows(4),
  stochasticRows8: stochasticRows(8),
  stochasticRows16: stochasticRows(16),
  crossingRows,
  equityRows: accountRows({ withReturns: false }),
  equityAndReturnRows: accountRows({ withReturns: true }),
} as const satisfies Readonly<Record<string, FunctionSource>>;

/** A function over the columns of `columnMemory`: places and sizes are in bytes. Its source says what it takes. */
export type VectorFunction = (...params: readonly number[]) => number;

/** Vector code over the columns of `columnMemory`, made as it is asked for. */
export class VectorUnit {
  /** Numbers at the beginning of the memory: what they hold means nothing after the call of a kernel. */
  readonly work: Float64Array;
  readonly #memory: ColumnMemory;
  readonly #wasm: WebAssemblyLike;
  readonly #functions: Partial<Record<keyof typeof sources, VectorFunction>> = {};
  #scratch: Scratch | undefined;

  constructor(memory: ColumnMemory, wasm: WebAssemblyLike) {
    this.work = memory.work;
    this.#memory = memory;
    this.#wasm = wasm;
  }

  get(name: keyof typeof sources): VectorFunction {
    return (this.#functions[name] ??= this.#make(sources[name]));
  }

  /** As `scratch` of the kernel parts, where vector code reaches it: `VECTOR_SCRATCH_ROWS` each. */
  get scratch(): Scratch {
    const take = () => this.#memory.take(VECTOR_SCRATCH_ROWS) ?? new Float64Array(VECTOR_SCRATCH_ROWS);
    return (this.#scratch ??= { a: take(), b: take(), c: take(), d: take() });
  }

  #make(source: FunctionSource): VectorFunction {
    const module = new this.#wasm.Module(encodeModule({ run: source }));
    return new this.#wasm.Instance(module, { env: { memory: this.#memory.imported } }).exports.run;
  }
}

type Scratch = Readonly<Record<"a" | "b" | "c" | "d", Float64Array>>;

export const VECTOR_SCRATCH_ROWS = 8_192;

let made: VectorUnit | null | undefined;

/** Made with its first use; none where the runtime has no WebAssembly with shared memories. */
export function vectorUnit(): VectorUnit | undefined {
  if (made === undefined) {
    const memory = columnMemory();
    const { WebAssembly: wasm } = globalThis as { WebAssembly?: WebAssemblyLike };
    made = memory && wasm ? new VectorUnit(memory, wasm) : null;
  }
  return made ?? undefined;
}

/** The vector code where it pays: for many rows of columns that all stand in its memory. */
export function vectorUnitFor(rows: number, ...columns: readonly Float64Array[]): VectorUnit | undefined {
  return rows >= rowsMin && inColumnMemory(columns) ? vectorUnit() : undefined;
}

const rowsMin = 64;

/** What is used of a global that the types of this package do not know. */
interface WebAssemblyLike {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: object } },
  ) => { readonly exports: { readonly run: VectorFunction } };
}

import { columnMemory, inColumnMemory } from "../../columns/index.ts";
import { ROWS_PER_STEP } from "../kernel-parts/scratch.ts";
import { encodeModule, f64x2 } from "./assembler.ts";
import { bandBlocks, meanBlocks } from "./blocks.ts";
import { extremesOfFour, extremesOfMany } from "./extremes.ts";
import { convergenceGroups, exponentialGroups, rangeGroups, strengthGroups } from "./recursions.ts";
import { meansOfThree, placesInRange } from "./rows.ts";

const sources = {
  meanBlocks,
  bandBlocks,
  maximaOfFour: extremesOfFour(f64x2.larger),
  maximaOfMany: extremesOfMany(f64x2.larger),
  minimaOfFour: extremesOfFour(f64x2.smaller),
  minimaOfMany: extremesOfMany(f64x2.smaller),
  exponentialGroups,
  rangeGroups,
  strengthGroups,
  convergenceGroups,
  meansOfThree,
  placesInRange,
};

/** Vector code over the columns of `columnMemory`. Places and sizes are in bytes. */
export interface VectorUnit extends Readonly<Record<keyof typeof sources, (...params: readonly number[]) => number>> {
  /** Numbers at the beginning of the memory: what they hold means nothing after the call of a kernel. */
  readonly work: Float64Array;
  /** As `scratch` of the kernel parts, where vector code reaches it. */
  readonly scratch: Readonly<Record<"a" | "b" | "c", Float64Array>>;
}

let made: VectorUnit | null | undefined;

/** Made with its first use; none where the runtime has no WebAssembly with shared memories. */
export function vectorUnit(): VectorUnit | undefined {
  if (made === undefined) made = makeUnit() ?? null;
  return made ?? undefined;
}

/** The vector code where it pays: for many rows of columns that all stand in its memory. */
export function vectorUnitFor(rows: number, ...columns: readonly Float64Array[]): VectorUnit | undefined {
  return rows >= rowsMin && inColumnMemory(columns) ? vectorUnit() : undefined;
}

const rowsMin = 64;

function makeUnit(): VectorUnit | undefined {
  const memory = columnMemory();
  const { WebAssembly: wasm } = globalThis as { WebAssembly?: WebAssemblyLike };
  if (!memory || !wasm) return undefined;
  const { exports } = new wasm.Instance(new wasm.Module(encodeModule(sources)), { env: { memory: memory.imported } });
  const [a, b, c] = [1, 2, 3].map(() => memory.take(ROWS_PER_STEP));
  if (!a || !b || !c) return undefined;
  return { ...exports, work: memory.work, scratch: { a, b, c } };
}

/** What is used of a global that the types of this package do not know. */
interface WebAssemblyLike {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: object } },
  ) => { readonly exports: Omit<VectorUnit, "work" | "scratch"> };
}

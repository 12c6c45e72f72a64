import { ROWS_PER_STEP } from "./scratch.ts";

/**
 * Largest value of the window that ends with each of rows `from..to-1` of a column, at most `ROWS_PER_STEP` and at least
 * four times the window.
 *
 * By doubling: maxima of 2, 4, 8 … rows, then two overlapping ones make the whole. That is a handful of passes whatever
 * the data, but only worth it where a comparison is an instruction and not a branch, which is what vector code offers.
 *
 * @param before - the rows before, as many as a window has less one, oldest at `oldest`, after the last the first; any of
 * them may be the maximum from itself to a later one of them
 * @returns the maxima, valid until the next call; undefined where a row is absent or infinite (or there is no vector
 * code), and the caller goes row by row
 */
export function windowMaxima(
  before: Float64Array,
  oldest: number,
  input: Float64Array,
  from: number,
  to: number,
): Float64Array | undefined {
  const unit = vectorUnit();
  return unit && windows(unit, unit.max, before, oldest, input, from, to);
}

/** The mirror image of `windowMaxima`. */
export function windowMinima(
  before: Float64Array,
  oldest: number,
  input: Float64Array,
  from: number,
  to: number,
): Float64Array | undefined {
  const unit = vectorUnit();
  return unit && windows(unit, unit.min, before, oldest, input, from, to);
}

function windows(
  { rows, settle }: VectorUnit,
  pass: VectorUnit["max"],
  before: Float64Array,
  oldest: number,
  input: Float64Array,
  from: number,
  to: number,
): Float64Array | undefined {
  const period = before.length + 1;
  const count = before.length + to - from;
  rows.set(before.subarray(oldest));
  rows.set(before.subarray(0, oldest), before.length - oldest);
  rows.set(input.subarray(from, to), before.length);
  rows.fill(0, count, count + 4); // passes take four rows at a time
  if (Number.isNaN(settle(count * 8))) return undefined;
  let covered = 1;
  for (; covered * 2 <= period; covered *= 2) pass(count * 8, covered * 8);
  if (covered < period) pass(count * 8, (period - covered) * 8);
  return rows.subarray(0, to - from);
}

interface VectorUnit {
  /** The memory the passes work on, from its beginning. */
  readonly rows: Float64Array;
  /** `rows[i] = max(rows[i], rows[i + offset])` in place, for so many bytes; the offset is in bytes too. */
  readonly max: (bytes: number, offset: number) => void;
  readonly min: (bytes: number, offset: number) => void;
  /** Turns -0 into 0, so that equals are the same bits; NaN when a row is absent or infinite. */
  readonly settle: (bytes: number) => number;
}

let made: VectorUnit | null | undefined;

/** Made with its first use; none where the runtime has no WebAssembly. */
function vectorUnit(): VectorUnit | undefined {
  if (made === undefined) {
    const { WebAssembly: wasm } = globalThis as { WebAssembly?: WebAssemblyLike };
    const exported = wasm && new wasm.Instance(new wasm.Module(moduleBytes())).exports;
    made = exported ? { ...exported, rows: new Float64Array(exported.memory.buffer) } : null;
  }
  return made ?? undefined;
}

/** What is used of a global that the types of this package do not know. */
interface WebAssemblyLike {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: Omit<VectorUnit, "rows"> & { readonly memory: { readonly buffer: ArrayBuffer } };
  };
}

/** @see WebAssembly Core Specification 2.0, chapter 5, for the encoding */
function moduleBytes(): Uint8Array {
  const [i32, f64, v128] = [0x7f, 0x7c, 0x7b];
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const tee = (local: number) => [0x22, local];
  const vector = (opcode: number) => [0xfd, ...unsigned(opcode)];
  const [add, multiply, smaller, larger] = [vector(0xf0), vector(0xf2), vector(0xf6), vector(0xf7)];
  const load = (offset: number) => [...vector(0x00), 3, offset];
  const store = (offset: number) => [...vector(0x0b), 3, offset];
  const lane = (index: number) => [...vector(0x21), index];
  const sized = (...parts: readonly (readonly number[])[]) => [...unsigned(parts.flat().length), ...parts.flat()];
  const name = (text: string) => sized(Array.from(text, (letter) => letter.codePointAt(0)!));

  /** `do { body; at += 32 } while (at < bytes)`: two vectors of two rows in a round; `bytes` is local 0. */
  const loop = (at: number, body: readonly number[]) =>
    [[0x03, 0x40], body, get(at), [0x41, 32, 0x6a], tee(at), get(0), [0x49, 0x0d, 0, 0x0b]].flat();

  const extreme = (operation: readonly number[]) => {
    const [offset, at] = [1, 2];
    const vectorAt = (place: number) =>
      [get(at), get(at), load(place), get(offset), get(at), [0x6a], load(place), operation, store(place)].flat();
    return sized([1, 1, i32], loop(at, [...vectorAt(0), ...vectorAt(16)]), [0x0b]);
  };

  const settle = () => {
    const [at, zero, value, even, odd] = [1, 2, 3, 4, 5];
    // `even` and `odd` sum rows times zero: NaN as soon as one is not finite.
    const vectorAt = (place: number, sum: number) => {
      const settled = [get(at), get(at), load(place), get(zero), add, tee(value), store(place)];
      return [...settled, get(sum), get(value), get(zero), multiply, add, set(sum)].flat();
    };
    const total = [get(even), get(odd), add, set(value), get(value), lane(0), get(value), lane(1), [0xa0]].flat();
    return sized([2, 1, i32, 4, v128], loop(at, [...vectorAt(0, even), ...vectorAt(16, odd)]), total, [0x0b]);
  };

  const pages = Math.ceil((3 * ROWS_PER_STEP * 8) / 65_536); // rows, those before, and what a pass reads past them
  const exported = [[4], name("memory"), [2, 0], name("max"), [0, 0], name("min"), [0, 1], name("settle"), [0, 2]];
  const sections = [
    [1, ...sized([2, 0x60, 2, i32, i32, 0, 0x60, 1, i32, 1, f64])],
    [3, ...sized([3, 0, 0, 1])],
    [5, ...sized([1, 0, pages])],
    [7, ...sized(...exported)],
    [10, ...sized([3], extreme(larger), extreme(smaller), settle())],
  ];
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

/** LEB128 of a number below 2^14. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}

import { assert, QmtlError } from "../errors/index.ts";
import { blake3Text } from "../identity/index.ts";
import { shown } from "../time/index.ts";
import { Xoshiro256 } from "./xoshiro256.ts";

/**
 * A source of pseudo-random numbers that is a function of its seed alone: same seed, same numbers, on every machine.
 * Not for secrets.
 */
export interface Random {
  /** Uniform in `[0, 1)`, a multiple of 2^-53. */
  uniform(): number;
  /** Standard normal, mean 0, variance 1 (Marsaglia's polar method; the second value of a pair is not kept). */
  normal(): number;
  /** Uniform whole number in `[0, n)`, unbiased; `1 <= n <= 2^53 - 1`. */
  integer(n: number): number;
  /**
   * An independent source for a part of the work. It depends on this source's seed and the label, not on how many
   * numbers were drawn or which other parts exist: adding a strategy leaves the others' numbers alone.
   */
  split(label: string): Random;
  /** The whole state: 16 whole numbers below 2^32. */
  save(): Float64Array;
  /** Continues where the saved source stood, bit for bit. */
  load(state: Float64Array): void;
}

/**
 * A source for a seed; `1` and `"1"` are different seeds.
 *
 * @param seed - well-formed text, or a safe integer
 * @throws QmtlError `PARAMETER_INVALID`
 */
export function seededRandom(seed: number | string): Random {
  if (typeof seed === "string" ? !seed.isWellFormed() : !Number.isSafeInteger(seed)) {
    throw new QmtlError("PARAMETER_INVALID", `seed must be text or a whole number; found ${shown(seed)}`);
  }
  return new SeededRandom(keyOf(JSON.stringify(["qmtl/random/1", seed])));
}

class SeededRandom implements Random {
  #key: Uint32Array;
  #generator: Xoshiro256;

  constructor(key: Uint32Array) {
    this.#key = key;
    this.#generator = new Xoshiro256(key.slice());
  }

  uniform(): number {
    return this.#bits53() / 0x20_0000_0000_0000;
  }

  normal(): number {
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
    }
  }

  integer(n: number): number {
    assert(Number.isSafeInteger(n) && n >= 1, `integer(n) takes a whole number from 1; found ${n}`);
    // Draws at or above the largest multiple of n would favour small remainders.
    const limit = 0x20_0000_0000_0000 - (0x20_0000_0000_0000 % n);
    for (;;) {
      const draw = this.#bits53();
      if (draw < limit) return draw % n;
    }
  }

  split(label: string): Random {
    return new SeededRandom(keyOf(JSON.stringify(["qmtl/random/split/1", [...this.#key], label])));
  }

  save(): Float64Array {
    return Float64Array.from([...this.#generator.words, ...this.#key]);
  }

  load(state: Float64Array): void {
    assert(state.length === 16, `a random state has 16 words; found ${state.length}`);
    this.#generator = new Xoshiro256(Uint32Array.from(state.subarray(0, 8)));
    this.#key = Uint32Array.from(state.subarray(8));
  }

  // The upper 53 bits of the 64-bit output, as its authors advise for doubles.
  #bits53(): number {
    this.#generator.next();
    return this.#generator.high * 0x20_0000 + (this.#generator.low >>> 11);
  }
}

// A seed's hash spreads over the whole state, so near seeds give unrelated numbers and the state is never all zero.
function keyOf(text: string): Uint32Array {
  const hex = blake3Text(text).slice("blake3:".length);
  return Uint32Array.from({ length: 8 }, (_, index) => Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16));
}

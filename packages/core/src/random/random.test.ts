import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom, Xoshiro256 } from "./index.ts";

describe("xoshiro256**", () => {
  it("gives the published outputs for the state 1, 2, 3, 4", () => {
    const generator = new Xoshiro256(Uint32Array.from([1, 0, 2, 0, 3, 0, 4, 0]));
    const outputs = Array.from({ length: 10 }, () => {
      generator.next();
      return (BigInt(generator.high) << 32n) | BigInt(generator.low);
    });
    // Reference C program by its authors, as also quoted in the tests of the rand_xoshiro crate.
    expect(outputs).toEqual([
      11520n,
      0n,
      1509978240n,
      1215971899390074240n,
      1216172134540287360n,
      607988272756665600n,
      16172922978634559625n,
      8476171486693032832n,
      10595114339597558777n,
      2904607092377533576n,
    ]);
  });

  it("agrees with 64-bit arithmetic from any state", () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const rotated = (x: bigint, k: bigint): bigint => BigInt.asUintN(64, (x << k) | (x >> (64n - k)));
    fc.assert(
      fc.property(word, word, word, word, (a, b, c, d) => {
        const s = [a, b, c, d] as [bigint, bigint, bigint, bigint];
        const halves = s.flatMap((x) => [Number(x & 0xffffffffn), Number(x >> 32n)]);
        const generator = new Xoshiro256(Uint32Array.from(halves));
        for (let draw = 0; draw < 5; draw++) {
          const expected = BigInt.asUintN(64, rotated(BigInt.asUintN(64, s[1] * 5n), 7n) * 9n);
          const shifted = BigInt.asUintN(64, s[1] << 17n);
          s[2] ^= s[0];
          s[3] ^= s[1];
          s[1] ^= s[2];
          s[0] ^= s[3];
          s[2] ^= shifted;
          s[3] = rotated(s[3], 45n);
          generator.next();
          expect((BigInt(generator.high) << 32n) | BigInt(generator.low)).toBe(expected);
        }
      }),
    );
  });
});

describe("seeded random", () => {
  const take = (random: { uniform(): number }, count: number): number[] =>
    Array.from({ length: count }, () => random.uniform());

  it("is a function of its seed, and near seeds are unrelated", () => {
    expect(take(seededRandom(7), 5)).toEqual(take(seededRandom(7), 5));
    const firsts = [7, 8, "7", "", -7].map((seed) => seededRandom(seed).uniform());
    expect(new Set(firsts).size).toBe(firsts.length);
    expect(() => seededRandom(0.5)).toThrow("seed must be text or a whole number; found 0.5");
    expect(() => seededRandom("\ud800")).toThrow("seed must be");
  });

  it("continues bit for bit from a saved state, after any draws", () => {
    const draw = fc.constantFrom("uniform", "normal", "integer");
    fc.assert(
      fc.property(fc.integer(), fc.array(draw, { maxLength: 20 }), (seed, draws) => {
        const original = seededRandom(seed);
        for (const kind of draws) {
          if (kind === "integer") original.integer(10);
          else original[kind]();
        }
        const copy = seededRandom("another");
        copy.load(Float64Array.from(JSON.parse(JSON.stringify([...original.save()])) as number[]));
        expect(copy.save()).toEqual(original.save());
        for (let index = 0; index < 5; index++) {
          expect(copy.uniform()).toBe(original.uniform());
          expect(copy.normal()).toBe(original.normal());
          expect(copy.integer(97)).toBe(original.integer(97));
        }
        expect(take(copy.split("part"), 3)).toEqual(take(original.split("part"), 3));
      }),
      { numRuns: 50 },
    );
  });

  it("splits by label alone: draws and other parts do not matter, labels do", () => {
    const [untouched, used] = [seededRandom(1), seededRandom(1)];
    take(used, 100);
    used.split("other");
    expect(take(used.split("broker"), 5)).toEqual(take(untouched.split("broker"), 5));
    const streams = [
      untouched.split("broker"),
      untouched.split("data"),
      untouched.split("broker").split("broker"),
      untouched.split(""),
      seededRandom(2).split("broker"),
      untouched,
    ];
    expect(new Set(streams.map((stream) => stream.uniform())).size).toBe(streams.length);
  });

  it("draws whole numbers evenly, also where a plain remainder would not", () => {
    const random = seededRandom("even");
    const counts = new Float64Array(6);
    for (let index = 0; index < 60_000; index++) counts[random.integer(6)]!++;
    // Chi-square with 5 degrees of freedom: 20.5 is exceeded once in 1,000 seeds, and this seed is fixed.
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(20.5);
    const threeQuarters = 0.75 * 2 ** 53; // remainders of 2^53 draws would fall below 2^51 half of the time
    const low = Array.from({ length: 4_000 }, () => random.integer(threeQuarters)).filter((x) => x < 2 ** 51).length;
    expect(low / 4_000).toBeCloseTo(1 / 3, 1);
    expect(random.integer(1)).toBe(0);
    expect(random.integer(Number.MAX_SAFE_INTEGER)).toBeLessThan(Number.MAX_SAFE_INTEGER);
    for (const n of [0, -1, 1.5, Number.NaN, 2 ** 53]) expect(() => random.integer(n)).toThrow("whole number from 1");
  });

  it("draws uniforms in [0, 1) and normals with the moments and tails of the normal law", () => {
    const random = seededRandom("moments");
    const count = 200_000;
    let [sum, squares, fourths, beyondTwo, uniformSum] = [0, 0, 0, 0, 0];
    for (let index = 0; index < count; index++) {
      const u = random.uniform();
      if (!(u >= 0 && u < 1)) throw new Error(`uniform() gave ${u}`);
      uniformSum += u;
      const x = random.normal();
      sum += x;
      squares += x * x;
      fourths += x ** 4;
      if (Math.abs(x) > 2) beyondTwo++;
    }
    expect(uniformSum / count).toBeCloseTo(0.5, 2);
    expect(sum / count).toBeCloseTo(0, 2);
    expect(squares / count).toBeCloseTo(1, 1);
    expect(fourths / count).toBeCloseTo(3, 0);
    expect(beyondTwo / count).toBeCloseTo(0.0455, 2);
  });
});

import { describe, expect, it } from "vitest";
import { columnMemory } from "../../columns/index.ts";
import { encodeModule, f64, f64x2, i32, repeatWhile, returnWhen, seq, type FunctionSource } from "./assembler.ts";

/** Runs a function over the memory of columns; what it works on are the numbers at its beginning. */
function run(source: FunctionSource, ...params: readonly number[]): number {
  const { WebAssembly: wasm } = globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object, imports: object) => { exports: { run: (...params: readonly number[]) => number } };
    };
  };
  const module = new wasm.Module(encodeModule({ run: source }));
  return new wasm.Instance(module, { env: { memory: columnMemory()!.imported } }).exports.run(...params);
}

describe("the assembler", () => {
  it.each([0, 1, -1, 63, 64, -64, -65, 127, 128, 8_191, 8_192, -8_193, 1_000_000, -(2 ** 31), 2 ** 31 - 1])(
    "encodes the whole number %i",
    (value) => {
      expect(run({ params: [], result: "i32", body: () => i32.const(value) })).toBe(value);
    },
  );

  it.each([0, -0, 0.1, -1e300, 5e-324, Infinity])("encodes the number %d", (value) => {
    expect(run({ params: [], result: "f64", body: () => f64.const(value) })).toBe(value);
  });

  it("counts in a loop and leaves it with a value", () => {
    const source: FunctionSource = {
      params: ["i32"],
      result: "i32",
      body({ params: [limit], variable }) {
        const [count, sum] = [variable("i32"), variable("i32")];
        return seq(
          repeatWhile(
            i32.lessThan(count.get, limit!.get),
            count.set(i32.add(count.get, i32.const(1))),
            sum.set(i32.add(sum.get, count.get)),
            returnWhen(i32.lessThan(i32.const(1_000), sum.get), i32.const(-1)),
          ),
          sum.get,
        );
      },
    };
    expect(run(source, 10)).toBe(55);
    expect(run(source, 100)).toBe(-1);
  });

  it("addresses lanes and far offsets", () => {
    const { work } = columnMemory()!;
    work.set([1, 2, 3, 4]);
    work[2_000] = 7;
    const source: FunctionSource = {
      params: [],
      body({ variable }) {
        const [left, right] = [variable("v128"), variable("v128")];
        const start = i32.const(0);
        return seq(
          left.set(f64x2.load(start)),
          right.set(f64x2.fromNumbers(f64.load(start, 16_000), f64x2.lane(left.get, 1))),
          f64x2.store(start, f64x2.pick(left.get, right.get, 1, 2), 32),
          f64x2.storeLane(1, start, right.get, 48),
          f64x2.store(start, f64x2.without(f64x2.splat(f64.const(-3)), f64x2.splat(f64.const(-0))), 64),
        );
      },
    };
    run(source);
    expect([...work.subarray(4, 7)]).toEqual([2, 7, 2]);
    expect([...work.subarray(8, 10)]).toEqual([3, 3]);
  });
});

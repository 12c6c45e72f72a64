import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnMemory, ColumnPool, inColumnMemory } from "./index.ts";

describe("a pool of columns", () => {
  it("never has one place in two columns, whatever is taken and released", () => {
    const step = fc.record({ rows: fc.integer({ min: 0, max: 40_000 }), keep: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new ColumnPool();
        const kept: { readonly column: Float64Array; readonly mark: number }[] = [];
        steps.forEach(({ rows, keep }, mark) => {
          const column = pool.take(rows).fill(mark);
          if (keep) kept.push({ column, mark });
          else pool.release(column);
        });
        for (const { column, mark } of kept) expect(column.every((value) => value === mark)).toBe(true);
        pool.releaseAll();
      }),
      { numRuns: 50 },
    );
  });

  it("keeps columns where they are while its memory grows", () => {
    const pool = new ColumnPool();
    const first = pool.copyOf([1, 2, 3]);
    const many = Array.from({ length: 40 }, () => pool.take(50_000).fill(7));
    expect([...first]).toEqual([1, 2, 3]);
    expect(inColumnMemory([first, ...many])).toBe(true);
    first[0] = 9;
    expect(first.subarray(0, 1)).toEqual(Float64Array.of(9));
    pool.releaseAll();
  });

  it("hands out released places again, to columns of about that length", () => {
    const pool = new ColumnPool();
    const [first, second] = [pool.take(10_000), pool.take(10_000)];
    pool.release(first);
    expect(pool.take(9_900).byteOffset).toBe(first.byteOffset);
    expect(pool.take(9_900).byteOffset).not.toBe(second.byteOffset);
    pool.releaseAll();
  });

  it("refuses a column that is not out", () => {
    const [pool, other] = [new ColumnPool(), new ColumnPool()];
    const column = pool.take(10);
    expect(() => other.release(column)).toThrow("released once");
    expect(() => pool.release(column.subarray(0, 5))).toThrow("released once");
    pool.release(column);
    expect(() => pool.release(column)).toThrow("released once");
  });

  it("has plain columns where there is no shared memory of the size", () => {
    const pool = new ColumnPool();
    const column = pool.take(4);
    expect(columnMemory()!.holds(column)).toBe(true);
    expect(columnMemory()!.holds(new Float64Array(4))).toBe(false);
    expect(columnMemory()!.take(2 ** 29)).toBeUndefined(); // 4 GB is all there is
    pool.releaseAll();
  });
});

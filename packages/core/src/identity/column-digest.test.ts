import { blake3 } from "@noble/hashes/blake3.js";
import { bytesToHex, concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestColumns } from "./index.ts";

const columns = (entries: Record<string, number[]>): Record<string, Float64Array> =>
  Object.fromEntries(Object.entries(entries).map(([name, values]) => [name, Float64Array.from(values)]));

describe("column fingerprint (X-4)", () => {
  it("is the hash of the documented bytes", () => {
    const doubles = new DataView(new ArrayBuffer(32));
    [3, -0, 1.5].forEach((value, index) => doubles.setFloat64(index * 8, value, true));
    doubles.setBigUint64(24, 0x7ff8000000000000n, true);
    const header = utf8ToBytes('["qmtl/columns/1",[["close",2],["한",2]]]\n');
    const expected = bytesToHex(blake3(concatBytes(header, new Uint8Array(doubles.buffer))));
    expect(digestColumns(columns({ 한: [1.5, Number.NaN], close: [3, -0] }))).toBe(`blake3:${expected}`);
  });

  it("tells apart where one column ends and the next begins, names, and bits", () => {
    const sets: Record<string, number[]>[] = [
      {},
      { a: [] },
      { b: [] },
      { a: [], b: [] },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: [1], b: [2] },
      { a: [1, 2], b: [] },
      { a: [], b: [1, 2] },
      { ab: [1, 2] },
      { a: [0] },
      { a: [-0] },
      { a: [Number.NaN] },
      { a: [0, 0] },
      { 'a",1],["b': [1, 2] },
    ];
    expect(new Set(sets.map((set) => digestColumns(columns(set)))).size).toBe(sets.length);
  });

  it("does not depend on insertion order, nor on where the column lies in its buffer", () => {
    const values = fc.array(fc.double(), { maxLength: 40 });
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 3 }), values), (set) => {
        const original = columns(set);
        const moved = Object.fromEntries(
          Object.entries(original)
            .reverse()
            .map(([name, column]) => [name, Float64Array.from([7, ...column, 7]).subarray(1, column.length + 1)]),
        );
        expect(digestColumns(moved)).toBe(digestColumns(original));
      }),
    );
  });

  it("hashes every NaN alike, wherever in a long column it stands", () => {
    const values = Array.from({ length: 20_000 }, (_, index) => (index === 9_000 ? Number.NaN : index));
    const other = Float64Array.from(values);
    new BigUint64Array(other.buffer)[9_000] = 0xfff8000000000001n;
    expect(digestColumns({ a: other })).toBe(digestColumns(columns({ a: values })));
    other[9_000] = 9_000;
    expect(digestColumns({ a: other })).not.toBe(digestColumns(columns({ a: values })));
  });
});

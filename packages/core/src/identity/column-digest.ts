import { sortByCodePoint } from "../json/index.ts";
import { createDigest } from "./digest.ts";

/**
 * Fingerprint of named columns: `blake3:` and 64 hex digits.
 *
 * Hashed are a JSON header `["qmtl/columns/1",[[name,length],...]]` with the names in code-point order, a line feed,
 * and the columns' IEEE 754 bytes, little-endian, in the header's order. The header fixes how many bytes belong to
 * which name, so no two different sets of columns share a hashed text (X-4); the order of insertion plays no part.
 *
 * Values are taken bit for bit: `-0` and `0` differ. The one exception is NaN. Its payload cannot be observed in the
 * language and depends on the machine (`0/0` is a negative NaN on x86), so every NaN counts as 0x7ff8000000000000.
 */
export function digestColumns(columns: Readonly<Record<string, Float64Array>>): `blake3:${string}` {
  const names = sortByCodePoint(Object.keys(columns));
  const header = ["qmtl/columns/1", names.map((name) => [name, columns[name]!.length])];
  const digest = createDigest().update(`${JSON.stringify(header)}\n`);
  for (const name of names) {
    const column = columns[name]!;
    for (let from = 0; from < column.length; from += blockLength) {
      digest.update(littleEndianBytes(column.subarray(from, from + blockLength)));
    }
  }
  return digest.text();
}

const blockLength = 8_192;
const canonicalNaN = 0x7ff8000000000000n;
const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function littleEndianBytes(block: Float64Array): Uint8Array {
  if (hostIsLittleEndian && !block.some(Number.isNaN)) {
    return new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
  }
  const copy = new DataView(new ArrayBuffer(block.byteLength));
  for (let index = 0; index < block.length; index++) {
    const value = block[index]!;
    if (value !== value) copy.setBigUint64(index * 8, canonicalNaN, true);
    else copy.setFloat64(index * 8, value, true);
  }
  return new Uint8Array(copy.buffer);
}

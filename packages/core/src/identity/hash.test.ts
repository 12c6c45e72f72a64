import { crc32 as zlibCrc32 } from "node:zlib";
import { blake3 as nobleBlake3 } from "@noble/hashes/blake3.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blake3Text, blake3Texts, crc32Of, createDigest, sha256Hex } from "./index.ts";

const text = fc.string({ unit: "binary", maxLength: 200 });
const nobleText = (bytes: Uint8Array): string => `blake3:${bytesToHex(nobleBlake3(bytes))}`;

describe("hash functions", () => {
  it("agree with an independent implementation on any text", () => {
    fc.assert(
      fc.property(text, (value) => {
        const bytes = utf8ToBytes(value);
        expect(blake3Text(value)).toBe(nobleText(bytes));
        expect(blake3Text(bytes)).toBe(nobleText(bytes));
        expect(sha256Hex(value)).toBe(bytesToHex(nobleSha256(bytes)));
        expect(crc32Of([value])).toBe(zlibCrc32(value));
      }),
    );
  });

  it("agree on inputs longer than a chunk, a tree level and the hasher's buffer", () => {
    for (const length of [0, 1, 64, 1_023, 1_024, 1_025, 8_193, 16_384, 16_385, 300_001]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
      expect(blake3Text(bytes)).toBe(nobleText(bytes));
      expect(createDigest().update(bytes).text()).toBe(nobleText(bytes));
    }
  });

  it("match the published BLAKE3 and SHA-256 values of no input and of abc", () => {
    expect(blake3Text("")).toBe("blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    expect(sha256Hex("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(crc32Of(["123456789"])).toBe(0xcbf43926);
  });
});

describe("many texts at once", () => {
  it("have the hashes that an independent implementation gives each of them", () => {
    // Around a block, two blocks and a chunk, behind which a text is a tree.
    const long = fc
      .tuple(
        fc.constantFrom("a", "é", "😀"),
        fc.constantFrom(0, 1, 63, 64, 65, 127, 128, 256, 512, 1_023, 1_024, 1_025, 5_000),
      )
      .map(([letter, count]) => letter.repeat(count));
    fc.assert(
      fc.property(fc.array(fc.oneof(text, long), { maxLength: 150 }), (texts) => {
        expect(blake3Texts(texts)).toEqual(texts.map((each) => nobleText(utf8ToBytes(each))));
      }),
      { numRuns: 50 },
    );
  });

  it("have the published hashes of no input and of abc, wherever they stand", () => {
    const empty = "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    const abc = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
    expect(blake3Texts([])).toEqual([]);
    expect(blake3Texts(["", "abc", "", "", "abc"])).toEqual([empty, abc, empty, empty, abc]);
    expect(blake3Texts(Array.from({ length: 130 }, () => "abc"))).toEqual(Array.from({ length: 130 }, () => abc));
  });
});

describe("incremental digest", () => {
  it("does not depend on how the bytes are cut, nor on digests and hashes in between", () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(chunks, chunks, (a, b) => {
        const [first, second] = [createDigest(), createDigest()];
        for (let index = 0; index < Math.max(a.length, b.length); index++) {
          if (a[index]) first.update(a[index]!);
          blake3Text("in between");
          if (b[index]) second.update(b[index]!);
        }
        expect(first.text()).toBe(nobleText(Uint8Array.from(a.flatMap((chunk) => [...chunk]))));
        expect(second.text()).toBe(nobleText(Uint8Array.from(b.flatMap((chunk) => [...chunk]))));
      }),
      { numRuns: 50 },
    );
  });

  it("cannot be used after its end", () => {
    const digest = createDigest().update("a");
    digest.text();
    expect(() => digest.text()).toThrow("after its end");
    expect(() => digest.update("b")).toThrow("after its end");
  });
});
